"""Records what Albumentations writes of pipelines, and what they do to an image, for the tests of their reading.

    python scripts/export/pipelines.py test/fixtures/albumentations.json   # Python 3.11 with requirements.txt

The file has an entry per pipeline: its `A.to_dict`, and for each result of 4,000 draws, in hexadecimal, how often it came. With
another version of Albumentations installed, entries of that version are added or replaced.
"""

import json
import os
import sys
from collections import Counter

os.environ["NO_ALBUMENTATIONS_UPDATE"] = "1"

import albumentations as A
import numpy as np

DRAWS = 4000
SHAPE = (4, 5, 3)


def pipelines():
    def rotate(limit):
        return A.Rotate((-limit, limit), border_mode=0)

    every = [
        A.HorizontalFlip(p=0.3),
        A.Compose([A.VerticalFlip(p=0.8), A.InvertImg(p=1)], p=0.5),
        A.Posterize((3, 3), p=0.4),
        A.NoOp(),
    ]
    chosen = [A.HorizontalFlip(p=0.2), A.InvertImg(p=0.6), A.Sequential([A.VerticalFlip(p=0.5), A.Posterize(2, p=1)], p=0.1)]
    yield "in turn", A.Compose(every, p=0.9)
    yield "one of", A.Compose([A.OneOf(chosen, p=0.7), A.VerticalFlip(p=0.25)])
    yield "one or other", A.OneOrOther(A.InvertImg(p=0.1), A.Sequential([A.HorizontalFlip(p=0.5)], p=0.1), p=0.3)
    yield "parameters", A.Compose([rotate(30), A.Affine(rotate=(-20, 20), p=0.4), A.Posterize((5, 5)), A.Solarize()])
    factors = [A.RandomBrightnessContrast(0, 0.2), A.HorizontalFlip(p=0.5)]
    if tuple(map(int, A.__version__.split("."))) >= (1, 4, 10):
        factors.append(A.ColorJitter(0.3, 0, 0, 0, p=0.2))
    yield "factors", A.Compose(factors)
    if tuple(map(int, A.__version__.split("."))) >= (2, 0, 6):
        yield "some of", A.SomeOf(chosen, n=2, p=0.9)
        yield "any order", A.RandomOrder([A.Posterize(2, p=1), A.InvertImg(p=0.5), A.Solarize((0.3, 0.3), p=1)], n=2, p=1)


def draws_of(name, pipeline, image):
    """Nothing of those whose results are too many to be counted. Without a seed: with one, nested compositions draw alike."""
    if name in ("parameters", "factors"):
        return None
    return Counter(pipeline(image=image)["image"].tobytes().hex() for _ in range(DRAWS))


def main(path):
    image = np.random.default_rng(7).integers(0, 256, SHAPE, dtype=np.uint8)
    entries = []
    if os.path.exists(path):
        with open(path) as file:
            entries = [entry for entry in json.load(file)["pipelines"] if entry["version"] != A.__version__]
    for name, pipeline in pipelines():
        entry = {"version": A.__version__, "name": name, "pipeline": A.to_dict(pipeline)}
        if A.__version__ == "2.0.8":
            entry["draws"] = draws_of(name, pipeline, image)
        entries.append(entry)
    entries.sort(key=lambda entry: [int(part) for part in entry["version"].split(".")])
    with open(path, "w") as file:
        json.dump({"shape": SHAPE, "image": image.tobytes().hex(), "pipelines": entries}, file, indent=1)
        file.write("\n")


main(sys.argv[1])
