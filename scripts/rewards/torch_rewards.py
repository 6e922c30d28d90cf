"""The PyTorch side of `npm run rewards`: trains the basic CNN on the same images as ours.

    python3 scripts/rewards/torch_rewards.py --processes 2

Prints a JSON line {"version": ...}, then answers each input line {"id", "subsets", "seed", "epochs", "batchSize"} with a
line {"id", "history"} when the training ends; `subsets` is a file of src/dataset/subset-file.ts, `history` has an object
per epoch as in src/child/reward.ts. The child is the same as ours: glorot-uniform weights, RMSprop, float32; one thread
per process. Ends with its input. Needs torch and numpy.
"""
import argparse
import json
import multiprocessing
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "bench"))
from peer_torch import build  # noqa: E402


def read_subsets(path):
    """The training and validation images, float32 [count, 3, height, width] in [0, 1], each with their labels."""
    import numpy
    import torch
    with open(path, "rb") as file:
        header = json.loads(file.readline())
        sets = []
        for part in ("train", "validation"):
            shape = header[part]
            labels = numpy.frombuffer(file.read(4 * shape[0]), "<i4").astype("int64")
            pixels = numpy.frombuffer(file.read(int(numpy.prod(shape))), "uint8").reshape(shape)
            images = torch.from_numpy(pixels.copy()).permute(0, 3, 1, 2).float().div(255)
            sets.append((images.contiguous(memory_format=torch.channels_last), torch.from_numpy(labels)))
    return sets


def train(task):
    import torch
    torch.set_num_threads(1)
    torch.manual_seed(task["seed"])
    (images, labels), (validation_images, validation_labels) = read_subsets(task["subsets"])
    net, optimizer, update = build(torch, "basiccnn")
    for layer in net:
        if hasattr(layer, "weight"):
            torch.nn.init.xavier_uniform_(layer.weight)
            torch.nn.init.zeros_(layer.bias)
    net = net.to(memory_format=torch.channels_last)
    loss_of = torch.nn.CrossEntropyLoss()
    history, start = [], time.perf_counter()
    for epoch in range(1, task["epochs"] + 1):
        net.train()
        total, correct = 0.0, 0
        for batch in torch.randperm(len(labels)).split(task["batchSize"]):
            optimizer.zero_grad()
            logits = net(images[batch])
            loss = loss_of(logits, labels[batch])
            loss.backward()
            update()
            total += loss.item() * len(batch)
            correct += (logits.argmax(1) == labels[batch]).sum().item()
        net.eval()
        with torch.no_grad():
            logits = torch.cat([net(part) for part in validation_images.split(100)])
        history.append({
            "epoch": epoch, "loss": total / len(labels), "accuracy": correct / len(labels),
            "validationLoss": loss_of(logits, validation_labels).item(),
            "validationAccuracy": (logits.argmax(1) == validation_labels).float().mean().item(),
            "seconds": time.perf_counter() - start})
    return {"id": task["id"], "history": history}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--processes", type=int, default=1)
    options = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = "1"  # the processes read this when they import torch
    import torch
    print(json.dumps({"version": torch.__version__.split("+")[0]}), flush=True)
    with multiprocessing.get_context("spawn").Pool(options.processes) as pool:
        for answer in pool.imap_unordered(train, map(json.loads, sys.stdin)):
            print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
