import sys

import albumentations as A


class DeepAugment(A.ImageOnlyTransform):
    """A transform of Albumentations for images of uint8 [height, width, 3 or 1], RGB, or [height, width]; before Normalize.

    scale: whether techniques that count in pixels scale with the image's side, relative to that of the judged images.
    p: the probability that an image goes through it.
    """

    def __init__(self, scale=True, p=1.0):
        super().__init__(p=p)
        self.scale = scale
        self._augmentation = Augmentation(SPECIFICATION, scale)

    def get_params(self):
        return {"augmentation_seed": _draw_seed(self.random_generator)}

    def apply(self, img, augmentation_seed=0, **params):
        image = img[:, :, None] if img.ndim == 2 else img
        augmented = self._augmentation(_to_rgb(image), np.random.default_rng(augmentation_seed))
        return _to_channels(augmented, image.shape[2]).reshape(img.shape)

    def get_transform_init_args_names(self):
        return ("scale",)


def _draw_seed(generator):
    """From the seed of A.Compose; in a worker of a DataLoader from torch's, because all workers have copies of that one."""
    torch = sys.modules.get("torch")
    if torch is not None and torch.utils.data.get_worker_info() is not None:
        return int(torch.empty((), dtype=torch.int64).random_())
    return int(generator.integers(2**63))
