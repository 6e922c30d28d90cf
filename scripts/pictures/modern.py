"""WebP, AVIF and JPEG XL: with and without loss, transparency, animation and orientation."""

import struct

import imagecodecs
import numpy as np
from PIL import Image
from scene import Case, alpha, deep, exif, grey, saved, scene, smooth


def cases():
    yield from webp()
    yield from avif()
    yield from jxl()


def block(orientation):
    return b"Exif\0\0" + exif(orientation)


def webp():
    image = Image.fromarray(scene())
    clear = Image.fromarray(np.dstack([scene(), alpha()]))
    for quality in (10, 50, 80, 100):
        yield Case("WebP", f"quality {quality}", saved(image, "WEBP", quality=quality), exact=False)
    yield Case("WebP", "without loss", saved(image, "WEBP", lossless=True))
    yield Case("WebP", "grey", saved(Image.fromarray(grey()), "WEBP", lossless=True))
    yield Case("WebP", "with alpha", saved(clear, "WEBP", quality=80), exact=False)
    yield Case("WebP", "with alpha, without loss", saved(clear, "WEBP", lossless=True))
    yield Case("WebP", "with alpha, without loss, exact", saved(clear, "WEBP", lossless=True, exact=True))
    yield Case("WebP", "a colour profile", saved(image, "WEBP", lossless=True, icc_profile=bytes(500)))
    for orientation in range(1, 9):
        yield Case("WebP", f"orientation {orientation}", saved(image, "WEBP", lossless=True, exif=block(orientation)))
    yield Case("WebP", "orientation 6, with loss", saved(image, "WEBP", exif=block(6)), exact=False)
    frames = [Image.fromarray(values) for values in (scene()[::-1], 255 - scene())]
    for lossless in (False, True):
        name = f"animated{', without loss' if lossless else ''}"
        data = saved(image, "WEBP", save_all=True, append_images=frames, lossless=lossless, duration=50)
        yield Case("WebP", name, data, exact=lossless, animated=True)
    more = [Image.fromarray(np.dstack([values, alpha()])) for values in (scene()[::-1],)]
    data = saved(clear, "WEBP", save_all=True, append_images=more, lossless=True, exact=True)
    yield Case("WebP", "animated, with alpha", data, animated=True)
    yield Case("WebP", "animated, with alpha and loss", saved(clear, "WEBP", save_all=True, append_images=more), exact=False, animated=True)
    data = saved(image, "WEBP", save_all=True, append_images=frames, lossless=True, exif=block(6))
    yield Case("WebP", "animated, orientation 6", data, animated=True)
    yield Case("WebP", "animated, first frame inside", inside(), animated=True)
    for size in ((1, 1), (1, 19), (26, 1), (33, 17)):
        yield Case("WebP", f"{size[0]} x {size[1]}", saved(Image.fromarray(smooth(*size)), "WEBP", lossless=True))
        yield Case("WebP", f"{size[0]} x {size[1]}, with loss", saved(Image.fromarray(smooth(*size)), "WEBP"), exact=False)
    whole = saved(image, "WEBP", lossless=True)
    yield Case("WebP", "100 bytes after its end", whole + bytes(100))
    start = "the WebP is damaged, truncated or of an unsupported kind "
    yield Case("WebP", "cut off in its pixels", whole[: len(whole) // 2], skip=start + "(the file ends before its pixels do)")
    huge = b"RIFF" + struct.pack("<I", 22) + b"WEBPVP8X\x0a\0\0\0" + bytes(4) + (99_999).to_bytes(3, "little") * 2
    line = start + "(it declares 100000 x 100000 pixels, but at most 100 million are supported)"
    yield Case("WebP", "100,000 x 100,000 pixels", huge, skip=line)


def inside():
    """An animation whose first frame does not fill the picture."""
    def chunk(name, body):
        return name + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)

    def three(value):
        return value.to_bytes(3, "little")

    def frame(values, x, y):
        height, width = values.shape[:2]
        picture = saved(Image.fromarray(values), "WEBP", lossless=True)[12:]
        return chunk(b"ANMF", three(x // 2) + three(y // 2) + three(width - 1) + three(height - 1) + three(50) + b"\2" + picture)

    body = b"WEBP" + chunk(b"VP8X", b"\2\0\0\0" + three(25) + three(18)) + chunk(b"ANIM", bytes([9, 99, 199, 255, 0, 0]))
    body += frame(scene()[4:13, 6:20], 6, 4) + frame(scene(), 0, 0)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def avif():
    image = Image.fromarray(scene())
    for sampling in ("4:4:4", "4:2:2", "4:2:0", "4:0:0"):
        data = saved(image, "AVIF", quality=85, subsampling=sampling, speed=6)
        yield Case("AVIF", f"YUV {sampling}", data, exact=False)
        data = saved(Image.fromarray(smooth()), "AVIF", quality=60, subsampling=sampling, range="limited", speed=6)
        yield Case("AVIF", f"YUV {sampling}, limited range", data, exact=False)
    for quality in (30, 100):
        yield Case("AVIF", f"quality {quality}", saved(image, "AVIF", quality=quality, subsampling="4:4:4"), exact=False)
    yield Case("AVIF", "without loss", imagecodecs.avif_encode(scene(), level=100, matrix=0, pixelformat="444"))
    yield Case("AVIF", "grey", saved(Image.fromarray(grey()), "AVIF", quality=80), exact=False)
    clear = Image.fromarray(np.dstack([scene(), alpha()]))
    yield Case("AVIF", "with alpha", saved(clear, "AVIF", quality=85, subsampling="4:4:4"), exact=False)
    for orientation in range(1, 9):
        data = saved(image, "AVIF", quality=85, subsampling="4:4:4", exif=block(orientation))
        yield Case("AVIF", f"orientation {orientation}", data, exact=False)
    for bits in (10, 12):
        values = deep(scene()) >> (16 - bits)
        data = imagecodecs.avif_encode(values, level=90, bitspersample=bits, pixelformat="444")
        yield Case("AVIF", f"{bits} bits", data, exact=False)
    frames = [Image.fromarray(values) for values in (scene()[::-1], 255 - scene())]
    data = saved(image, "AVIF", save_all=True, append_images=frames, quality=85, subsampling="4:4:4")
    yield Case("AVIF", "animated", data, exact=False, animated=True)
    for size in ((1, 1), (1, 19), (26, 1), (33, 17), (64, 64)):
        data = saved(Image.fromarray(smooth(*size)), "AVIF", quality=85, subsampling="4:2:0")
        yield Case("AVIF", f"{size[0]} x {size[1]}", data, exact=False)
    yield Case("AVIF", "a colour profile", saved(image, "AVIF", quality=85, subsampling="4:4:4", icc_profile=profile()), exact=False)
    whole = saved(image, "AVIF", quality=85)
    start = "the AVIF is damaged, truncated or of an unsupported kind "
    yield Case("AVIF", "cut off in its pixels", whole[:-40], skip=start + "(its data cannot be decoded)")
    place = whole.index(b"ispe") + 8
    huge = whole[:place] + struct.pack(">II", 100_000, 100_000) + whole[place + 8 :]
    line = start + "(it declares 100000 x 100000 pixels, but at most 100 million are supported)"
    yield Case("AVIF", "100,000 x 100,000 pixels", huge, skip=line)


def profile():
    from PIL import ImageCms

    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def jxl():
    """Pillow does not read them: libjxl's pixels."""
    for name, values, options in (
        ("RGB, without loss", scene(), {"lossless": True}),
        ("RGB, without loss, in a container", scene(), {"lossless": True, "usecontainer": True}),
        ("grey, without loss", grey(), {"lossless": True}),
        ("with alpha, without loss", np.dstack([scene(), alpha()]), {"lossless": True}),
        ("RGB, distance 1", scene(), {"distance": 1.0}),
        ("RGB, distance 2", scene(), {"distance": 2.0}),
    ):
        data = imagecodecs.jpegxl_encode(values, **options)
        pixels = imagecodecs.jpegxl_decode(data)
        pixels = np.repeat(pixels[..., None], 3, -1) if pixels.ndim == 2 else pixels[..., :3]
        yield Case("JPEG XL", name, data, pixels, exact=bool(options.get("lossless")))
    data = imagecodecs.jpegxl_encode(deep(scene()), lossless=True)
    # libjxl takes 16 bits for linear light.
    light = deep(scene()) / 65535
    display = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    pixels = (255 * display + 0.5).astype(np.uint8)
    yield Case("JPEG XL", "16 bits of linear light, without loss", data, pixels, exact=False)
    line = "the JPEG XL is damaged, truncated or of an unsupported kind (its data cannot be decoded)"
    whole = imagecodecs.jpegxl_encode(scene(), lossless=True)
    yield Case("JPEG XL", "cut off in its pixels", whole[: len(whole) // 2], skip=line)
