"""GIF: palettes, frames, transparency."""

import struct

import numpy as np
from PIL import Image
from scene import Case, paletted, saved, scene

DAMAGED = "the GIF is damaged, truncated or of an unsupported kind "


def lzw(indices, bits):
    """GIF's LZW of a sequence of indices, without its blocks."""
    clear, stop = 1 << bits, (1 << bits) + 1
    out, held, length = bytearray(), 0, 0
    table, size = {}, bits + 1

    def put(code):
        nonlocal held, length
        held |= code << length
        length += size
        while length >= 8:
            out.append(held & 255)
            held >>= 8
            length -= 8

    put(clear)
    prefix = ()
    for value in indices:
        longer = prefix + (value,)
        if len(longer) == 1 or longer in table:
            prefix = longer
            continue
        put(table[prefix] if len(prefix) > 1 else prefix[0])
        code = stop + 1 + len(table)
        if code < 4096:
            table[longer] = code
            if code == 1 << size and size < 12:
                size += 1
        else:
            put(clear)
            table, size = {}, bits + 1
        prefix = (value,)
    put(table[prefix] if len(prefix) > 1 else prefix[0])
    put(stop)
    if length:
        out.append(held & 255)
    return bytes(out)


def blocks(data):
    parts = [data[i : i + 255] for i in range(0, len(data), 255)]
    return b"".join(bytes([len(part)]) + part for part in parts) + b"\0"


def frame(indices, bits, left=0, top=0, palette=b"", interlaced=False, control=b"", stop=True):
    height, width = indices.shape
    if interlaced:
        order = [y for start, step in ((0, 8), (4, 8), (2, 4), (1, 2)) for y in range(start, height, step)]
        indices = indices[order]
    flags = (0x80 | bits - 1 if palette else 0) | (0x40 if interlaced else 0)
    position = b"," + struct.pack("<HHHHB", left, top, width, height, flags)
    code = max(bits, 2)
    return control + position + palette + bytes([code]) + blocks(lzw(indices.reshape(-1).tolist(), code))


def control(transparent=None, disposal=0):
    flags = disposal << 2 | isinstance(transparent, int)
    return b"!\xf9\x04" + struct.pack("<BHBB", flags, 10, transparent or 0, 0)


def gif(frames, bits=None, palette=b"", width=26, height=19, background=0, version=b"GIF89a", end=b";"):
    flags = 0x80 | bits - 1 if palette else 0
    return version + struct.pack("<HHBBB", width, height, flags, background, 0) + palette + b"".join(frames) + end


def colours(count):
    image = paletted(count)
    return np.asarray(image), bytes(image.getpalette()[: 3 * count]).ljust(3 * count, b"\0")


def cases():
    for bits in range(1, 9):
        indices, palette = colours(2**bits)
        for interlaced in (False, True):
            name = f"{2**bits} colours{', interlaced' if interlaced else ''}"
            yield Case("GIF", name, gif([frame(indices, bits, interlaced=interlaced)], bits, palette))
    indices, palette = colours(64)
    other = colours(32)
    whole = frame(indices, 6)
    yield Case("GIF", "version 87a", gif([whole], 6, palette, version=b"GIF87a"))
    yield Case("GIF", "colours of its own", gif([frame(other[0], 5, palette=other[1])], 6, palette))
    yield Case("GIF", "no common colours", gif([frame(other[0], 5, palette=other[1])]))
    for place in (0, 7, 63):
        yield Case("GIF", f"transparent colour {place}", gif([frame(indices, 6, control=control(place))], 6, palette))
    small = indices[3:12, 4:20]
    yield Case("GIF", "a frame inside the picture", gif([frame(small, 6, 4, 3)], 6, palette))
    yield Case("GIF", "a frame inside, transparent", gif([frame(small, 6, 4, 3, control=control(9))], 6, palette))
    yield Case("GIF", "a frame inside, background 5", gif([frame(small, 6, 4, 3)], 6, palette, background=5))
    yield Case("GIF", "a frame inside, colours of its own", gif([frame(other[0][3:12, 4:20], 5, 4, 3, palette=other[1], control=control(3))], 6, palette))
    yield Case("GIF", "animated", gif([whole, frame(indices[::-1], 6)], 6, palette), animated=True)
    loop = b"!\xff\x0bNETSCAPE2.0\x03\x01\0\0\0"
    moving = [loop, frame(indices, 6, control=control(5, 2)), frame(small, 6, 2, 2, control=control(5, 1))]
    yield Case("GIF", "animated, transparent, in a loop", gif(moving, 6, palette), animated=True)
    yield Case("GIF", "a comment", gif([b"!\xfe\x05hello\0", whole], 6, palette))
    yield Case("GIF", "100 bytes after its end", gif([whole], 6, palette) + bytes(100))
    yield Case("GIF", "without its end mark", gif([whole], 6, palette, end=b""))
    for size in ((1, 1), (1, 19), (26, 1), (5, 3)):
        image = Image.fromarray(scene(*size)).quantize(8)
        yield Case("GIF", f"{size[0]} x {size[1]}", saved(image, "GIF"))
    yield Case("GIF", "by Pillow", saved(Image.fromarray(scene()), "GIF"))
    big = Image.fromarray(np.random.default_rng(1).integers(0, 256, (64, 80), np.uint8))
    yield Case("GIF", "a full table of codes", saved(big, "GIF"))
    yield Case("GIF", "no frame", gif([], 6, palette), skip=DAMAGED + "(it contains no pixels)")
    cut = gif([whole], 6, palette)
    yield Case("GIF", "cut off in its pixels", cut[: len(cut) * 2 // 3], skip=DAMAGED + "(the file ends before its pixels do)")
    huge = gif([whole], 6, palette, width=40_000, height=40_000)
    line = DAMAGED + "(it declares 40000 x 40000 pixels, but at most 100 million are supported)"
    yield Case("GIF", "40,000 x 40,000 pixels", huge, skip=line)
