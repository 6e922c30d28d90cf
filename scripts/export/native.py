"""Augments images by modules of export --native for native.ts.

Reads jobs from standard input, one JSON object per line, and answers each with a line {}. A job has the module's path, its framework, a
file of images (uint8, count x height x width x 3), their height and width, and the file to write.
"""

import importlib.util
import json
import os
import sys

os.environ["NO_ALBUMENTATIONS_UPDATE"] = "1"

import numpy as np
import torch

try:
    import torchvision
except RuntimeError:
    # PyPI's torchvision is built for CUDA; beside a torch for CPUs, two operators are not declared.
    library = torch.library.Library("torchvision", "FRAGMENT")
    for name in ("nms", "qnms"):
        library.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    for name in [name for name in sys.modules if name.startswith("torchvision")]:
        del sys.modules[name]
    import torchvision

from PIL import Image

torch.set_num_threads(1)
torch.manual_seed(5)

for line in sys.stdin:
    job = json.loads(line)
    images = np.fromfile(job["images"], np.uint8).reshape(-1, job["height"], job["width"], 3)
    specification = importlib.util.spec_from_file_location("deepaugment_policy", job["module"])
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    if job["framework"] == "albumentations":
        transform = module.load()
        results = [transform(image=image)["image"] for image in images]
    else:
        transform = module.augmentation()
        results = [np.asarray(transform(Image.fromarray(image))) for image in images]
    np.stack(results).tofile(job["out"])
    print("{}", flush=True)
