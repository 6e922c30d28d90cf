"""What the scripts of this folder share: torchvision beside a torch for CPUs, and the modules that `export` writes."""

import importlib.util
import sys

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

torch.set_num_threads(1)


def load_module(path):
    """The exported module in this file."""
    specification = importlib.util.spec_from_file_location("deepaugment_policy", path)
    module = importlib.util.module_from_spec(specification)
    sys.modules["deepaugment_policy"] = module
    specification.loader.exec_module(module)
    return module
