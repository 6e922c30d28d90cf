"""The PyTorch side of `npm run bench:train`: the same networks and training steps on this machine's processor.

    python3 scripts/bench/peer_torch.py --model basiccnn --processes 2 --threads 1 --precision bfloat16 --channels-last

Starts its processes, prints a JSON line {"version": ...} when they are ready, then measures once for each input line
{"seconds": ..., "validationSeconds": ...}: each process creates a new network and warms up, then all train at the same
time and all validate at the same time. Answers with the images per second of all processes together and the resident
memory of each. Ends with its input. Needs only torch (tested with 2.13.0 and 1.13).
"""
import argparse
import json
import multiprocessing
import os
import sys
import time

TRAINING_IMAGES = 8  # batches, used repeatedly
VALIDATION_BATCH = 100
WARM_UP = 5  # steps


def basic_cnn(torch):
    nn = torch.nn
    net = nn.Sequential(
        nn.Conv2d(3, 32, 3, padding=1), nn.ReLU(), nn.Conv2d(32, 32, 3), nn.ReLU(),
        nn.MaxPool2d(2), nn.Dropout(0.6),
        nn.Conv2d(32, 64, 3, padding=1), nn.ReLU(), nn.Conv2d(64, 64, 3), nn.ReLU(),
        nn.MaxPool2d(2), nn.Dropout(0.6), nn.Flatten(),
        nn.Linear(64 * 6 * 6, 512), nn.ReLU(), nn.Dropout(0.5), nn.Linear(512, 10))
    assert count_parameters(net) == 1_250_858
    return net


def wide_resnet(torch, depth, width):
    """Zagoruyko and Komodakis 2016; batch normalization as in Keras 2."""
    nn = torch.nn

    def normalise(channels):
        return nn.BatchNorm2d(channels, eps=1e-3, momentum=0.01)

    class Block(nn.Module):
        def __init__(self, before, channels, stride):
            super().__init__()
            self.normalise_1 = normalise(before)
            self.convolution_1 = nn.Conv2d(before, channels, 3, stride, padding=1, bias=False)
            self.normalise_2 = normalise(channels)
            self.convolution_2 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
            changes = stride != 1 or before != channels
            self.projection = nn.Conv2d(before, channels, 1, stride, bias=False) if changes else None

        def forward(self, x):
            activated = torch.relu(self.normalise_1(x))
            shortcut = x if self.projection is None else self.projection(activated)
            inner = torch.relu(self.normalise_2(self.convolution_1(activated)))
            return shortcut + self.convolution_2(inner)

    layers, before = [nn.Conv2d(3, 16, 3, padding=1, bias=False)], 16
    for group in range(3):
        for block in range((depth - 4) // 6):
            channels = 16 * 2**group * width
            layers.append(Block(before, channels, 2 if group > 0 and block == 0 else 1))
            before = channels
    layers += [normalise(before), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(before, 10)]
    net = nn.Sequential(*layers)
    assert (depth, width) != (16, 2) or count_parameters(net) == 691_674
    return net


def mobilenet_v2(torch):
    """Sandler et al. 2018, width 1.0, batch normalization as in Keras, with the head of DeepAugment's child."""
    nn = torch.nn

    def convolve(before, channels, size=1, stride=1, groups=1, activates=True):
        return nn.Sequential(
            nn.Conv2d(before, channels, size, stride, padding=size // 2, groups=groups, bias=False),
            nn.BatchNorm2d(channels, eps=1e-3, momentum=0.001), *([nn.ReLU6()] if activates else []))

    class Block(nn.Module):
        def __init__(self, before, channels, stride, expansion):
            super().__init__()
            inner = before * expansion
            self.layers = nn.Sequential(
                *([convolve(before, inner)] if expansion > 1 else []),
                convolve(inner, inner, 3, stride, groups=inner), convolve(inner, channels, activates=False))
            self.adds = stride == 1 and before == channels

        def forward(self, x):
            return x + self.layers(x) if self.adds else self.layers(x)

    layers, before = [convolve(3, 32, 3, 2)], 32
    for expansion, channels, blocks, stride in [
            (1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1)]:
        for block in range(blocks):
            layers.append(Block(before, channels, stride if block == 0 else 1, expansion))
            before = channels
    net = nn.Sequential(
        *layers, convolve(before, 1280), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
        nn.Linear(1280, 256), nn.ReLU(), nn.Dropout(0.7), nn.Linear(256, 10))
    assert count_parameters(net) == 2_554_378
    return net


def count_parameters(net):
    return sum(parameter.numel() for parameter in net.parameters())


def build(torch, model):
    """The network, its optimizer, and a function that takes one optimizer step, including clipping."""
    if model == "basiccnn":
        net = basic_cnn(torch)
        optimizer = torch.optim.RMSprop(net.parameters(), lr=1e-3, alpha=0.9, eps=1e-7)
        return net, optimizer, optimizer.step
    if model == "mobilenetv2":
        net, learning_rate = mobilenet_v2(torch), 1e-5
    else:
        _, depth, width = model.split("_")
        net, learning_rate = wide_resnet(torch, int(depth), int(width)), 1e-3
    optimizer = torch.optim.Adam(net.parameters(), lr=learning_rate, eps=1e-7)

    def step():
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()

    return net, optimizer, step


def serve(options, gate, connection):
    """Runs in each process: measures on request."""
    import torch
    torch.set_num_threads(options.threads)
    layout = torch.channels_last if options.channels_last else torch.contiguous_format
    loss_of = torch.nn.CrossEntropyLoss()
    batch = options.batch
    images = torch.rand(TRAINING_IMAGES * batch, 3, 32, 32)
    labels = torch.randint(0, 10, (TRAINING_IMAGES * batch,))

    def forward(net, start, count):
        x = images[start:start + count].contiguous(memory_format=layout)
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=options.precision == "bfloat16"):
            logits = net(x)
            return logits, loss_of(logits, labels[start:start + count])

    def measure(seconds, validation_seconds):
        torch.manual_seed(0)
        net, optimizer, update = build(torch, options.model)
        net = net.to(memory_format=layout)

        def train(i):
            optimizer.zero_grad()
            forward(net, i % TRAINING_IMAGES * batch, batch)[1].backward()
            update()

        def validate(i):
            count = min(VALIDATION_BATCH, len(labels))
            with torch.no_grad():
                logits, loss = forward(net, 0, count)
                return (logits.argmax(1) == labels[:count]).sum().item() + loss.item()

        net.train()
        for i in range(WARM_UP):
            train(i)
        gate.wait()
        training = batch * rate(train, seconds)
        net.eval()
        validate(0)
        gate.wait()
        validation = min(VALIDATION_BATCH, len(labels)) * rate(validate, validation_seconds)
        return training, validation, *memory()

    connection.send(torch.__version__)
    while True:
        try:
            task = connection.recv()
        except EOFError:
            return
        connection.send(measure(task["seconds"], task["validationSeconds"]))


def rate(step, seconds):
    """Steps per second over at least `seconds` of wall time."""
    start, steps = time.perf_counter(), 0
    while time.perf_counter() < start + seconds:
        step(steps)
        steps += 1
    return steps / (time.perf_counter() - start)


def memory():
    """Current and peak resident memory in MB; 0 if the system does not report it."""
    try:
        with open("/proc/self/status") as status:
            fields = dict(line.split(":", 1) for line in status)
    except OSError:
        return 0, 0
    return tuple(round(int(fields[key].split()[0]) * 1024 / 1e6) for key in ("VmRSS", "VmHWM"))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", default="basiccnn")
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--precision", choices=["float32", "bfloat16"], default="float32")
    parser.add_argument("--channels-last", action="store_true")
    parser.add_argument("--batch", type=int, default=64)
    options = parser.parse_args()
    # The processes read this when they import torch.
    os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = str(options.threads)
    context = multiprocessing.get_context("spawn")
    gate = context.Barrier(options.processes)
    connections = []
    for _ in range(options.processes):
        ours, theirs = context.Pipe()
        context.Process(target=serve, args=(options, gate, theirs), daemon=True).start()
        theirs.close()
        connections.append(ours)

    def say(message):
        print(json.dumps(message), flush=True)

    say({"version": [connection.recv() for connection in connections][0].split("+")[0]})
    for line in sys.stdin:
        for connection in connections:
            connection.send(json.loads(line))
        results = [connection.recv() for connection in connections]
        training, validation, resident, peak = zip(*results)
        say({"imagesPerSecond": sum(training), "validationImagesPerSecond": sum(validation),
             "residentMegabytes": resident, "peakMegabytes": peak})


if __name__ == "__main__":
    main()
