"""The frameworks' side of the comparison: augments images by exported modules for compare.ts, which does the measuring.

Reads jobs from standard input, one JSON object per line, and answers each with a line {"ok": true}. A job has the module's
path, its framework, a file of images (uint8, count x height x width x 3), their height and width, the file to write, and a
seed. Or, instead of a framework, a technique with parameters, and whether OpenCV may be used. The first output line has the
versions.
"""

import json
import os
import sys

os.environ.setdefault("KERAS_BACKEND", "torch")
os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")

import numpy as np

import cv2
import torch

from libraries import load_module, torchvision

import albumentations
import keras

cv2.setNumThreads(1)


def by_albumentations(module, images, seed):
    transform = albumentations.Compose([module.DeepAugment()], seed=seed)
    return np.stack([transform(image=image)["image"] for image in images])


def by_torchvision(module, images, seed):
    torch.manual_seed(seed)
    transform = module.DeepAugment()
    tensors = torch.from_numpy(images).permute(0, 3, 1, 2)
    return torch.stack([transform(image) for image in tensors]).permute(0, 2, 3, 1).numpy()


def by_keras(module, images, seed):
    labels = np.arange(len(images))
    batches = module.AugmentedDataset(images, labels, batch_size=100, shuffle=False, seed=seed)
    return np.concatenate([batches[index][0] for index in range(len(batches))])


def by_numpy(module, images, seed):
    return module.DeepAugment(seed).batch(images)


def by_parameters(module, images, job):
    if not job["opencv"]:
        module.cv2 = None
    _, render = module.TECHNIQUES[job["technique"]]
    return np.stack([render(image, None, **job["parameters"]) for image in images])


RENDERERS = {
    "albumentations": by_albumentations,
    "torchvision": by_torchvision,
    "keras": by_keras,
    "numpy": by_numpy,
}

packages = (np, cv2, torch, torchvision, albumentations, keras)
versions = {package.__name__: package.__version__ for package in packages}
print(json.dumps({"Python": sys.version.split()[0], **versions}), flush=True)
for line in sys.stdin:
    job = json.loads(line)
    images = np.fromfile(job["images"], np.uint8).reshape(-1, job["height"], job["width"], 3)
    module = load_module(job["module"])
    if "framework" in job:
        result = RENDERERS[job["framework"]](module, images, job["seed"])
    else:
        result = by_parameters(module, images, job)
    if result.dtype != np.uint8 or result.shape != images.shape:
        raise ValueError(f"{result.dtype} {result.shape} instead of uint8 {images.shape}")
    np.ascontiguousarray(result).tofile(job["out"])
    print('{"ok": true}', flush=True)
