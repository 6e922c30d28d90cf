"""PNG: every colour type and depth, transparency, animation, orientation, and what surrounds the pixels."""

import struct
import zlib

import numpy as np
from PIL import Image, PngImagePlugin
from scene import Case, alpha, deep, exif, grey, paletted, saved, scene

SIGNATURE = b"\x89PNG\r\n\x1a\n"
ADAM7 = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]


def chunk(name, content=b""):
    body = name + content
    return struct.pack(">I", len(content)) + body + struct.pack(">I", zlib.crc32(body))


def packed_rows(values, depth):
    """[height, width, channels] to the bytes of each row."""
    for row in values:
        flat = row.reshape(-1)
        if depth == 16:
            yield flat.astype(">u2").tobytes()
        elif depth == 8:
            yield flat.astype(np.uint8).tobytes()
        else:
            bits = np.unpackbits(flat.astype(np.uint8)[:, None], axis=1)[:, 8 - depth :].reshape(-1)
            yield np.packbits(bits).tobytes()


def filtered(row, above, kind, step):
    """The row as filter `kind` writes it."""
    out = bytearray()
    for i, value in enumerate(row):
        a = row[i - step] if i >= step else 0
        b = above[i]
        c = above[i - step] if i >= step else 0
        p = a + b - c
        pa, pb, pc = abs(p - a), abs(p - b), abs(p - c)
        paeth = a if pa <= pb and pa <= pc else b if pb <= pc else c
        out.append((value - [0, a, b, (a + b) // 2, paeth][kind]) & 255)
    return bytes(out)


def scanlines(values, depth, filters):
    step = max(1, values.shape[-1] * depth // 8)
    above = None
    out = b""
    for i, row in enumerate(packed_rows(values, depth)):
        kind = filters[i % len(filters)]
        out += bytes([kind]) + filtered(row, above or bytes(len(row)), kind, step)
        above = row
    return out


def png(values, depth, kind, *, interlaced=False, before=b"", after=b"", filters=(0, 1, 2, 3, 4), split=None, end=True):
    """A PNG file of `values` [height, width, channels]; `before` and `after` are chunks around the pixels."""
    height, width = values.shape[:2]
    if interlaced:
        raw = b""
        for x, y, dx, dy in ADAM7:
            part = values[y::dy, x::dx]
            if part.size:
                raw += scanlines(part, depth, filters)
    else:
        raw = scanlines(values, depth, filters)
    data = zlib.compress(raw, 9)
    parts = [data] if not split else [data[i : i + split] for i in range(0, len(data), split)]
    header = struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, int(interlaced))
    pixels = b"".join(chunk(b"IDAT", part) for part in parts)
    return SIGNATURE + chunk(b"IHDR", header) + before + pixels + after + (chunk(b"IEND") if end else b"")


def palette_of(count):
    image = paletted(count)
    colours = bytes(image.getpalette()[: 3 * count]).ljust(3 * count, b"\0")
    return np.asarray(image)[..., None], chunk(b"PLTE", colours)


def kinds():
    """(name, values, depth, colour type, chunks before the pixels)"""
    for depth in (1, 2, 4):
        yield f"grey, {depth} bits", grey()[..., None] >> (8 - depth), depth, 0, b""
    yield "grey, 8 bits", grey()[..., None], 8, 0, b""
    yield "grey, 16 bits", deep(grey())[..., None], 16, 0, b""
    yield "RGB, 8 bits", scene(), 8, 2, b""
    yield "RGB, 16 bits", deep(scene()), 16, 2, b""
    for depth in (1, 2, 4, 8):
        values, palette = palette_of(2**depth)
        yield f"palette, {depth} bits", values, depth, 3, palette
    grey_alpha = np.stack([grey(), alpha()], -1)
    yield "grey and alpha, 8 bits", grey_alpha, 8, 4, b""
    yield "grey and alpha, 16 bits", deep(grey_alpha), 16, 4, b""
    rgba = np.dstack([scene(), alpha()])
    yield "RGBA, 8 bits", rgba, 8, 6, b""
    yield "RGBA, 16 bits", deep(rgba), 16, 6, b""


def expected(values, depth, kind, before):
    """16 bits keep their upper eight, which Pillow does not do for grey with alpha."""
    if depth != 16:
        return None
    upper = (values >> 8).astype(np.uint8)
    return np.repeat(upper[..., :1], 3, -1) if kind in (0, 4) else upper[..., :3]


def transparency(values, depth, kind):
    """tRNS for the first pixel's colour, or for the first colours of the palette."""
    if kind == 3:
        return chunk(b"tRNS", bytes([0, 128, 200][: 2**depth]))
    return chunk(b"tRNS", b"".join(struct.pack(">H", int(v)) for v in values[0, 0]))


def cases():
    for name, values, depth, kind, before in kinds():
        pixels = expected(values, depth, kind, before)
        yield Case("PNG", name, png(values, depth, kind, before=before), pixels)
        yield Case("PNG", f"{name}, interlaced", png(values, depth, kind, before=before, interlaced=True), pixels)
        if kind in (0, 2, 3):
            chunks = before + transparency(values, depth, kind)
            yield Case("PNG", f"{name}, tRNS", png(values, depth, kind, before=chunks), pixels)
            data = png(values, depth, kind, before=chunks, interlaced=True)
            yield Case("PNG", f"{name}, tRNS, interlaced", data, pixels)
    for kind, name in enumerate(["none", "sub", "up", "average", "Paeth"]):
        yield Case("PNG", f"filter {name}", png(scene(), 8, 2, filters=(kind,)))
    for width, height in ((1, 1), (1, 19), (26, 1), (3, 2), (5, 5), (9, 17)):
        yield Case("PNG", f"{width} x {height}", png(scene(width, height), 8, 2))
        yield Case("PNG", f"{width} x {height}, interlaced", png(scene(width, height), 8, 2, interlaced=True))
        bits = scene(width, height)[..., :1] >> 7
        yield Case("PNG", f"{width} x {height}, 1 bit, interlaced", png(bits, 1, 0, interlaced=True))
    for orientation in range(1, 9):
        for order in "<>":
            block = chunk(b"eXIf", exif(orientation, order))
            name = f"orientation {orientation}, {'little' if order == '<' else 'big'}-endian"
            yield Case("PNG", name, png(scene(), 8, 2, before=block))
    yield Case("PNG", "orientation after the pixels", png(scene(), 8, 2, after=chunk(b"eXIf", exif(6))))
    yield Case("PNG", "orientation out of range", png(scene(), 8, 2, before=chunk(b"eXIf", exif(77))))
    yield from surroundings()
    yield from animations()
    yield from damaged()


def surroundings():
    plain = png(scene(), 8, 2)
    yield Case("PNG", "100 bytes after its end", plain + bytes(range(100)))
    yield Case("PNG", "another PNG after its end", plain + png(scene(9, 9), 8, 2))
    yield Case("PNG", "without IEND", png(scene(), 8, 2, end=False))
    yield Case("PNG", "IEND cut off", plain[:-5])
    yield Case("PNG", "IEND and the last checksum cut off", plain[:-13])
    yield Case("PNG", "many IDAT chunks", png(scene(), 8, 2, split=50))
    empty = png(scene(), 8, 2, before=chunk(b"IDAT"), after=chunk(b"IDAT"))
    yield Case("PNG", "empty IDAT chunks", empty)
    yield Case("PNG", "a private chunk", png(scene(), 8, 2, before=chunk(b"vpAg", bytes(9))))
    gamma = chunk(b"gAMA", struct.pack(">I", 100_000))
    yield Case("PNG", "gamma 1", png(scene(), 8, 2, before=gamma))
    yield Case("PNG", "background colour", png(np.dstack([scene(), alpha()]), 8, 6, before=chunk(b"bKGD", bytes(6))))
    text = chunk(b"tEXt", b"Comment\0of a picture")
    yield Case("PNG", "text before and after", png(scene(), 8, 2, before=text, after=text))
    yield Case("PNG", "significant bits", png(scene(), 8, 2, before=chunk(b"sBIT", bytes([5, 6, 5]))))
    values, palette = palette_of(16)
    yield Case("PNG", "palette of 16 colours in 8 bits", png(values, 8, 3, before=palette))
    suggestion = chunk(b"PLTE", bytes(range(30)))
    yield Case("PNG", "RGB with a suggested palette", png(scene(), 8, 2, before=suggestion))
    profile = chunk(b"iCCP", b"x\0\0" + zlib.compress(bytes(128)))
    yield Case("PNG", "a colour profile", png(scene(), 8, 2, before=profile))
    block = b"Exif\0\0" + exif(6)
    lines = "\nexif\n%8d\n%s\n" % (len(block), block.hex())
    raw = chunk(b"zTXt", b"Raw profile type exif\0\0" + zlib.compress(lines.encode()))
    yield Case("PNG", "orientation in ImageMagick's text", png(scene(), 8, 2, before=raw))


def animations():
    frames = [Image.fromarray(values) for values in (scene(), scene()[::-1], 255 - scene())]
    first = saved(frames[0], "PNG", save_all=True, append_images=frames[1:], duration=50)
    yield Case("PNG", "APNG", first, animated=True)
    hidden = saved(frames[0], "PNG", save_all=True, append_images=frames[1:], default_image=True)
    yield Case("PNG", "APNG with a separate default picture", hidden, scene(), animated=True)
    clear = [Image.fromarray(np.dstack([values, alpha()])) for values in (scene(), scene()[::-1])]
    yield Case("PNG", "APNG with alpha", saved(clear[0], "PNG", save_all=True, append_images=clear[1:]), animated=True)


def damaged():
    plain = png(scene(), 8, 2)
    start = "the PNG is damaged, truncated or of an unsupported kind "
    yield Case("PNG", "cut off in its pixels", plain[: len(plain) // 2], skip=start + "(the file ends before its pixels do)")
    place = plain.index(b"IDAT") + 40
    flipped = plain[:place] + bytes([plain[place] ^ 1]) + plain[place + 1 :]
    yield Case("PNG", "a flipped bit", flipped, skip=start + "(the checksum of its IDAT chunk is wrong)")
    apple = SIGNATURE + chunk(b"CgBI", b"\x50\x00\x20\x02") + plain[8:]
    line = "it is a PNG in Apple's own form (CgBI), which is not supported: save it as an ordinary PNG"
    yield Case("PNG", "Apple's CgBI", apple, skip=line)
    big = SIGNATURE + chunk(b"IHDR", struct.pack(">IIBBBBB", 100_000, 100_000, 8, 2, 0, 0, 0)) + plain[33:]
    line = start + "(it declares 100000 x 100000 pixels, but at most 100 million are supported)"
    yield Case("PNG", "100,000 x 100,000 pixels", big, skip=line)
    yield Case("PNG", "without pixels", SIGNATURE + plain[8:33] + chunk(b"IEND"), skip=start + "(it contains no pixels)")
    kind = SIGNATURE + chunk(b"IHDR", struct.pack(">IIBBBBB", 26, 19, 8, 5, 0, 0, 0)) + plain[33:]
    yield Case("PNG", "an unknown colour type", kind, skip=start + "(there is no colour type 5 with 8 bits)")
    values, _ = palette_of(16)
    line = start + "(its palette is missing)"
    yield Case("PNG", "without its palette", png(values, 8, 3), skip=line)
