"""Writes the conformance set: picture files of every format and feature, and the pixels that Pillow reads.

    python scripts/pictures/make.py test/fixtures/pictures.tar.gz      (Python with scripts/pictures/requirements.txt)

The archive contains `pictures.json` (per file: format, feature, the name of its pixels and how close they must be, or the
reason for which it is skipped), `files/<number>` and `pixels/<digest>`, uint8 [height, width, 3] row by row. Equal pixels
are stored once.
"""

import gzip
import hashlib
import io
import json
import sys
import tarfile

import bmp
import gif
import jpeg
import metadata
import modern
import numpy as np
import others
import png
import tiff
from scene import pillow_pixels


def describe(number, case, pixels_by_name):
    entry = {"file": f"files/{number:03}", "format": case.format, "feature": case.feature}
    if case.skip:
        return {**entry, "skip": case.skip}
    pixels = pillow_pixels(case.data) if case.pixels is None else case.pixels
    content = np.ascontiguousarray(pixels, dtype=np.uint8).tobytes()
    name = f"pixels/{hashlib.sha256(content).hexdigest()[:16]}"
    pixels_by_name[name] = content
    height, width = pixels.shape[:2]
    entry |= {"pixels": name, "height": height, "width": width, "exact": case.exact}
    if case.animated:
        entry["animated"] = True
    return {**entry, **case.extra}


def add(archive, name, content):
    member = tarfile.TarInfo(name)
    member.size = len(content)
    archive.addfile(member, io.BytesIO(content))


def main(path):
    cases = [case for module in (png, jpeg, modern, gif, bmp, tiff, others, metadata) for case in module.cases()]
    pixels_by_name = {}
    entries = [describe(number, case, pixels_by_name) for number, case in enumerate(cases)]
    names = [(entry["format"], entry["feature"]) for entry in entries]
    repeated = {name for name in names if names.count(name) > 1}
    assert not repeated, f"not distinct: {repeated}"
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        lines = ",\n".join(json.dumps(entry, ensure_ascii=False) for entry in entries)
        add(archive, "pictures.json", f"[\n{lines}\n]\n".encode())
        for entry, case in zip(entries, cases):
            add(archive, entry["file"], case.data)
        for name, values in sorted(pixels_by_name.items()):
            add(archive, name, values)
    with open(path, "wb") as file:
        file.write(gzip.compress(content.getvalue(), 9, mtime=0))
    print(f"{len(cases)} files, {len(pixels_by_name)} different pixels, {sum(len(case.data) for case in cases)} bytes of files")


if __name__ == "__main__":
    main(sys.argv[1])
