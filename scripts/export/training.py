"""PyTorch's side of the end-to-end comparison: trains a small network for training.ts.

Reads requests from standard input, one JSON object per line, and answers each with a line. Either raw `images` (uint8, count x
height x width x 3) and `labels` to "pack" as npz, or a training: "data" and "test" (npz), "epochs", "seed", and a "module" whose
AddedDataset makes the training images of the data's, or null. Answer: {"accuracy": on the test images, "trained": the number of
training images}.
"""

import json
import sys

import numpy as np
import torch

from libraries import load_module

BATCH = 64


def pack(raw, out):
    images = np.fromfile(raw["images"], np.uint8).reshape(-1, raw["height"], raw["width"], 3)
    np.savez(out, images=images, labels=np.fromfile(raw["labels"], np.uint8).astype(np.int64))
    return {}


def load(path):
    with np.load(path) as arrays:
        return torch.from_numpy(arrays["images"]).permute(0, 3, 1, 2).contiguous(), torch.from_numpy(arrays["labels"])


def added(path, images, labels, seed):
    """The originals and copies of the exported module."""
    module = load_module(path)
    dataset = module.AddedDataset(list(zip(images, labels)), seed=seed)
    elements = [dataset[index] for index in range(len(dataset))]
    return torch.stack([image for image, _ in elements]), torch.stack([label for _, label in elements])


def network():
    nn = torch.nn
    return nn.Sequential(
        nn.Conv2d(3, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(32, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(512, 10),
    )


def scaled(images):
    return images.float() / 127.5 - 1


def train(job):
    images, labels = load(job["data"])
    if job["module"]:
        images, labels = added(job["module"], images, labels, job["seed"])
    torch.manual_seed(job["seed"])
    model = network()
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    for _ in range(job["epochs"]):
        for indices in torch.randperm(len(images)).split(BATCH):
            loss = torch.nn.functional.cross_entropy(model(scaled(images[indices])), labels[indices])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    test_images, test_labels = load(job["test"])
    with torch.no_grad():
        right = sum(
            int((model(scaled(some)).argmax(1) == truth).sum())
            for some, truth in zip(test_images.split(500), test_labels.split(500))
        )
    return {"accuracy": right / len(test_labels), "trained": len(images)}


for line in sys.stdin:
    request = json.loads(line)
    answer = pack(request["pack"], request["out"]) if "pack" in request else train(request)
    print(json.dumps(answer), flush=True)
