import torch
from torchvision import tv_tensors
from torchvision.transforms import v2


def _torch_rng():
    """A generator that follows torch.manual_seed, and differs between workers of a DataLoader and between epochs."""
    return np.random.default_rng(int(torch.empty((), dtype=torch.int64).random_()))


def _augment_any(image, function):
    """Applies a function of uint8 [height, width, 3] to a picture of Pillow, or a uint8 tensor [..., 1 or 3, height, width]."""
    if isinstance(image, torch.Tensor):
        if image.dtype != torch.uint8 or image.ndim < 3 or image.shape[-3] not in (1, 3):
            found = f"{image.dtype} {list(image.shape)}"
            raise ValueError(f"expected a uint8 tensor [..., 1 or 3, height, width], but got {found}; augment before ToDtype")
        batch = image.reshape(-1, *image.shape[-3:]).movedim(1, 3)
        augmented = [_to_channels(function(_to_rgb(one)), one.shape[2]) for one in batch.cpu().numpy()]
        result = torch.from_numpy(np.stack(augmented)).movedim(3, 1).reshape(image.shape).to(image.device)
        return tv_tensors.wrap(result, like=image) if isinstance(image, tv_tensors.TVTensor) else result
    from PIL import Image

    if not isinstance(image, Image.Image):
        raise ValueError(f"expected a picture of Pillow or a tensor, but got {type(image).__name__}")
    mode = image.mode if image.mode in ("L", "RGB") else "RGB"
    return Image.fromarray(function(np.asarray(image.convert("RGB")))).convert(mode)


class DeepAugment(v2.Transform):
    """A transform of torchvision v2 for pictures of Pillow, uint8 tensors and tv_tensors.Image; before ToDtype.

    scale: whether techniques that count in pixels scale with the image's side, relative to that of the judged images.
    """

    def __init__(self, scale=True):
        super().__init__()
        self._augmentation = Augmentation(SPECIFICATION, scale)

    def check_inputs(self, flat_inputs):
        for value in flat_inputs:
            if isinstance(value, (tv_tensors.BoundingBoxes, tv_tensors.Mask, tv_tensors.Video)):
                raise ValueError(f"{type(value).__name__}: this augmentation was found for the classification of images")

    _check_inputs = check_inputs

    def transform(self, inpt, params):
        return _augment_any(inpt, lambda image: self._augmentation(image, _torch_rng()))

    _transform = transform
