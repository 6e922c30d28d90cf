"""Real pictures of CIFAR-10, from the archive of the tests, as files of several formats."""

import io
import os
import tarfile

import numpy as np
from PIL import Image

ARCHIVE = os.path.join(os.path.dirname(__file__), "../../test/fixtures/cifar-10-sample.tar.gz")
RECORD = 1 + 3 * 32 * 32

# The classes that are used, by their numbers in CIFAR-10.
NAMES = {3: "cat", 5: "dog", 8: "ship"}


def saved(image, kind="JPEG", **options):
    stream = io.BytesIO()
    image.save(stream, kind, **({"quality": 75} if kind == "JPEG" else {}), **options)
    return stream.getvalue()


def records(archive, name):
    data = np.frombuffer(archive.extractfile(name).read(), np.uint8).reshape(-1, RECORD)
    pixels = data[:, 1:].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
    return [(NAMES[number], Image.fromarray(values)) for number, values in zip(data[:, 0], pixels) if number in NAMES]


def load():
    """Twelve training and three test pictures with the names of their classes; each class in turn."""
    with tarfile.open(ARCHIVE) as archive:
        members = {os.path.basename(member.name): member for member in archive.getmembers()}
        return records(archive, members["data_batch_1.bin"])[:12], records(archive, members["test_batch.bin"])[:3]


def odd(image):
    """The same picture in forms that need care: CMYK, turned by its orientation, grey of 16 bits, WebP."""
    exif = Image.Exif()
    exif[0x0112] = 6
    grey = Image.fromarray(np.asarray(image.convert("L")).astype(np.uint16) * 257)
    return [
        saved(image.convert("CMYK")),
        saved(image.crop((0, 0, 32, 20)), exif=exif),
        saved(grey, "PNG"),
        saved(image, "WEBP"),
    ]
