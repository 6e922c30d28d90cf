"""The pictures of the conformance set, before they are encoded, and how Pillow reads a file."""

import io
from dataclasses import dataclass, field

import numpy as np
from PIL import Image, ImageOps

WIDTH, HEIGHT = 26, 19


@dataclass
class Case:
    """A file, and what a reader must return."""

    format: str
    feature: str
    data: bytes
    # [height, width, 3]; None: as Pillow reads the file.
    pixels: np.ndarray | None = None
    # Whether each value must be equal; otherwise the mean difference is at most 1.5 and the largest 40.
    exact: bool = True
    # The reason for which the file is skipped.
    skip: str = ""
    # Whether the file contains further pictures.
    animated: bool = False
    extra: dict = field(default_factory=dict)


def scene(width=WIDTH, height=HEIGHT):
    """RGB without symmetry: gradients, sharp edges between saturated colours, and a little noise."""
    y, x = np.mgrid[0:height, 0:width]
    rgb = np.stack([x * 255 // max(width - 1, 1), y * 255 // max(height - 1, 1), (x + 2 * y) * 5 % 256], -1)
    rgb[height // 2 :, : width // 3] = [230, 20, 30]
    rgb[: height // 4, width // 2 :] = [10, 40, 220]
    noise = np.random.default_rng(5).integers(-6, 7, rgb.shape)
    return np.clip(rgb + noise, 0, 255).astype(np.uint8)


def smooth(width=WIDTH, height=HEIGHT):
    """RGB gradients alone."""
    y, x = np.mgrid[0:height, 0:width]
    return np.stack([40 + x * 6, 30 + y * 9, 200 - x * 3 - y * 2], -1).clip(0, 255).astype(np.uint8)


def grey(width=WIDTH, height=HEIGHT):
    return scene(width, height)[..., 1]


def alpha(width=WIDTH, height=HEIGHT):
    """0 in a corner, then rising to 255."""
    y, x = np.mgrid[0:height, 0:width]
    return ((x * 13 + y * 5) - 60).clip(0, 255).astype(np.uint8)


def deep(values, seed=9):
    """uint8 to uint16: the value in the upper byte, noise in the lower."""
    low = np.random.default_rng(seed).integers(0, 256, values.shape)
    return (values.astype(np.uint16) << 8) | low.astype(np.uint16)


def paletted(colours=256):
    return Image.fromarray(scene()).quantize(colours)


def saved(image, format, **options):
    file = io.BytesIO()
    image.save(file, format, **options)
    return file.getvalue()


def exif(orientation, order="<"):
    """An EXIF block that contains only the orientation."""
    import struct

    start = b"II*\0" if order == "<" else b"MM\0*"
    return start + struct.pack(order + "IHHHIHHI", 8, 1, 274, 3, 1, orientation, 0, 0)


def pillow_pixels(data):
    """uint8 [height, width, 3]: upright, without transparency. Pillow clips 16 bits of grey; here they keep the upper eight."""
    with Image.open(io.BytesIO(data)) as opened:
        opened.load()
        image = ImageOps.exif_transpose(opened)
    if image.mode.startswith("I;16"):
        values = (np.asarray(image).astype(np.uint16) >> 8).astype(np.uint8)
        return np.repeat(values[..., None], 3, -1)
    if image.mode in ("LAB",):
        raise ValueError("Pillow does not convert " + image.mode)
    return np.asarray(image.convert("RGB"))
