"""What a case of the conformance set of arrays is: files, and what must be read in them."""

import gzip
import hashlib
import io
from dataclasses import dataclass, field

import numpy as np


@dataclass
class Case:
    name: str
    # Contents by path. The data are `path`, or the folder of all files.
    files: dict
    # Per split: RGB images, uint8 [count, height, width, 3], and the name of each image's class.
    splits: dict = field(default_factory=dict)
    path: str = "."
    # Settings, as given to --set.
    settings: dict = field(default_factory=dict)
    # Regular expressions: of the error, if it cannot be read; of notes.
    error: str = ""
    notes: list = field(default_factory=list)
    # Whether Node's zlib must have Zstandard.
    zstd: bool = False

    def expected(self):
        if self.error:
            return {"error": self.error}
        return {"splits": {split: describe(*both) for split, both in self.splits.items()}, "notes": self.notes}


def describe(images, names):
    images = rgb(images)
    assert images.dtype == np.uint8 and len(images) == len(names)
    digests = [hashlib.sha256(np.ascontiguousarray(image).tobytes()).hexdigest()[:16] for image in images]
    return {"height": images.shape[1], "width": images.shape[2], "images": digests, "classes": [str(name) for name in names]}


def rgb(images):
    """Grey images with three equal channels."""
    if images.ndim == 3:
        images = images[..., None]
    return np.repeat(images, 3, axis=3) if images.shape[3] == 1 else images


def npy(array, **options):
    stream = io.BytesIO()
    np.lib.format.write_array(stream, array, **options)
    return stream.getvalue()


def npz(compressed=False, **arrays):
    stream = io.BytesIO()
    (np.savez_compressed if compressed else np.savez)(stream, **arrays)
    return stream.getvalue()


def gzipped(content):
    return gzip.compress(content, 9, mtime=0)
