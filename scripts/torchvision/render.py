"""torchvision's side of the comparison and of the benchmark: renders images for our scripts, which do the measuring.

Reads jobs from standard input, one JSON object per line, and answers each with a line. A job has a file of images
(uint8, count x height x width x 3), their height and width, and what to do:

  operation   one operation of torchvision's automatic augmentations ("space": trivialaugment or randaugment) in a bin
              of magnitudes, with a sign, on every image: written to "out". Answer: {}
  crop        padding and a crop at "top" and "left" of the padded image: written to "out". Answer: {}
  recipe      a whole recipe, drawn anew for every image from "seed": written to "out". Answer: {"operations": [[name of
              each operation drawn for the image]]}
  time        processor time per image, in seconds, of a recipe on images of Pillow, as a DataLoader's worker runs it: one
              thread, the median of rounds. Answer: {"seconds": number}

The first output line has the versions.
"""

import json
import platform
import statistics
import sys
import time

import numpy as np
import PIL
import torch
import torchvision
from PIL import Image
from torchvision.transforms import Compose, RandAugment, RandomCrop, RandomHorizontalFlip, TrivialAugmentWide
from torchvision.transforms import autoaugment
from torchvision.transforms import functional as F

torch.set_num_threads(1)
ROUNDS = 5


def recipe(name, height, width):
    flip = RandomHorizontalFlip(0.5)
    # Left and right, top and bottom; halves up.
    padding = ((2 * width + 8) // 16, (2 * height + 8) // 16)
    return {
        "flip": lambda: flip,
        "flip-crop": lambda: Compose([flip, RandomCrop((height, width), padding=padding)]),
        "trivialaugment": lambda: TrivialAugmentWide(),
        "randaugment": lambda: RandAugment(),
    }[name]()


def magnitude_of(job):
    """As in the forward methods of the two classes."""
    space = job["space"]
    if space == "trivialaugment":
        table = TrivialAugmentWide()._augmentation_space(31)
    else:
        table = RandAugment()._augmentation_space(31, (job["height"], job["width"]))
    magnitudes, signed = table[job["name"]]
    magnitude = float(magnitudes[job["bin"]].item()) if magnitudes.ndim > 0 else 0.0
    return -magnitude if signed and job["sign"] < 0 else magnitude


def apply(image, name, magnitude):
    return autoaugment._apply_op(image, name, magnitude, autoaugment.InterpolationMode.NEAREST, None)


def load(job):
    images = np.fromfile(job["images"], np.uint8).reshape(-1, job["height"], job["width"], 3)
    return [Image.fromarray(image) for image in images]


def write(job, images):
    np.stack([np.asarray(image) for image in images]).tofile(job["out"])


def operation(job):
    magnitude = magnitude_of(job)
    write(job, [apply(image, job["name"], magnitude) for image in load(job)])
    return {}


def crop(job):
    height, width = job["height"], job["width"]
    padding = recipe("flip-crop", height, width).transforms[1].padding
    padded = [F.pad(image, list(padding)) for image in load(job)]
    write(job, [F.crop(image, job["top"], job["left"], height, width) for image in padded])
    return {}


def draw_recipe(job):
    torch.manual_seed(job["seed"])
    transform = recipe(job["name"], job["height"], job["width"])
    drawn = []
    original = autoaugment._apply_op

    def recorded(image, name, *rest, **named):
        drawn[-1].append(name)
        return original(image, name, *rest, **named)

    autoaugment._apply_op = recorded
    results = []
    for image in load(job):
        drawn.append([])
        results.append(transform(image))
    autoaugment._apply_op = original
    write(job, results)
    return {"operations": drawn}


def measure(job):
    torch.manual_seed(1)
    images = load(job)
    transform = recipe(job["name"], job["height"], job["width"])
    rounds = []
    for _ in range(ROUNDS + 1):
        start = time.process_time()
        for image in images:
            transform(image)
        rounds.append((time.process_time() - start) / len(images))
    # The first round warms up.
    return {"seconds": statistics.median(rounds[1:])}


JOBS = {"operation": operation, "crop": crop, "recipe": draw_recipe, "time": measure}


def main():
    versions = {
        "Python": platform.python_version(),
        "torch": torch.__version__.split("+")[0],
        "torchvision": torchvision.__version__.split("+")[0],
        "Pillow": PIL.__version__,
    }
    print(json.dumps(versions), flush=True)
    for line in sys.stdin:
        job = json.loads(line)
        print(json.dumps(JOBS[job["job"]](job)), flush=True)


main()
