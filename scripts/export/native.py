"""Augments images by modules of export --native for native.ts.

Reads jobs from standard input, one JSON object per line, and answers each with a line {}. A job has the module's path, its framework, a
file of images (uint8, count x height x width x 3), their height and width, and the file to write.
"""

import json
import os
import sys

os.environ["NO_ALBUMENTATIONS_UPDATE"] = "1"

import numpy as np
import torch

from PIL import Image

from libraries import load_module

torch.manual_seed(5)

for line in sys.stdin:
    job = json.loads(line)
    images = np.fromfile(job["images"], np.uint8).reshape(-1, job["height"], job["width"], 3)
    module = load_module(job["module"])
    if job["framework"] == "albumentations":
        transform = module.load()
        results = [transform(image=image)["image"] for image in images]
    else:
        transform = module.augmentation()
        results = [np.asarray(transform(Image.fromarray(image))) for image in images]
    np.stack(results).tofile(job["out"])
    print("{}", flush=True)
