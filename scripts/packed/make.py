"""Writes the conformance set of pictures inside larger files: Parquet files and WebDataset shards, as programs write them.

    python scripts/packed/make.py test/fixtures/packed.tar.gz      (Python with scripts/packed/requirements.txt)

The archive contains `pictures/<number>`, real pictures of CIFAR-10 as files; `files/<case>`, each a file or a folder with such
pictures inside larger files; and `cases.json`: for each case the pictures and classes of every split, in the order of the
samples. A case without splits is one that cannot be read; the tests know why.
"""

import gzip
import io
import json
import os
import sys
import tarfile
import tempfile

import parquet
import shards
from pictures import load, odd, saved


class Cases:
    """What the modules add their cases to."""

    def __init__(self, folder):
        self.folder = folder
        self.cases = {}
        self.pictures = []
        train, test = load()
        self.names = [name for name, _ in train]
        self.test_names = [name for name, _ in test]
        self.train = [self.number(saved(image)) for _, image in train]
        self.test = [self.number(saved(image)) for _, image in test]
        self.odd = [self.number(data) for data in odd(train[0][1])]

    def number(self, data):
        self.pictures.append(data)
        return len(self.pictures) - 1

    def data(self, number):
        return self.pictures[number]

    def path(self, case, *names):
        """The path of a file of a case; its folders are made."""
        path = os.path.join(self.folder, case, *names)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        return path

    def add(self, case, **splits):
        """@param splits: lists of (number of a picture, class)."""
        assert case not in self.cases and os.path.exists(os.path.join(self.folder, case)), case
        self.cases[case] = splits

    def rows(self, names=None, numbers=None):
        """The training pictures with their classes."""
        return list(zip(numbers or self.train, names or self.names))

    def test_rows(self):
        return list(zip(self.test, self.test_names))


def add(archive, name, content):
    member = tarfile.TarInfo(name)
    member.size = len(content)
    archive.addfile(member, io.BytesIO(content))


def main(path):
    with tempfile.TemporaryDirectory() as folder:
        cases = Cases(folder)
        parquet.write(cases)
        shards.write(cases)
        content = io.BytesIO()
        with tarfile.open(fileobj=content, mode="w", format=tarfile.USTAR_FORMAT) as archive:
            add(archive, "cases.json", f"{json.dumps(cases.cases, indent=1)}\n".encode())
            for number, data in enumerate(cases.pictures):
                add(archive, f"pictures/{number:02}", data)
            files = sorted(os.path.join(above, name) for above, _, names in os.walk(folder) for name in names)
            for file in files:
                with open(file, "rb") as opened:
                    add(archive, f"files/{os.path.relpath(file, folder)}", opened.read())
    with open(path, "wb") as file:
        file.write(gzip.compress(content.getvalue(), 9, mtime=0))
    print(f"{len(cases.cases)} cases, {len(files)} files, {os.path.getsize(path)} bytes")


if __name__ == "__main__":
    main(sys.argv[1])
