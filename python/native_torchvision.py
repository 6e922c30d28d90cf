VERSION = "0.28"

if torchvision.__version__.split(".")[:2] != VERSION.split("."):
    raise ImportError(
        f"this is for torchvision {VERSION}, not for {torchvision.__version__}; install that, or export without --native"
    )


class Picture(torch.nn.Module):
    """Refuses what is no RGB picture of Pillow: on tensors, torchvision rounds some values otherwise."""

    def forward(self, image):
        if not isinstance(image, Image.Image) or image.mode != "RGB":
            found = f"one of mode {image.mode}" if isinstance(image, Image.Image) else type(image).__name__
            raise ValueError(f"expected an RGB picture of Pillow, but got {found}; put this before ToImage, or export without --native")
        return image


def augmentation():
    """The transform, for RGB pictures of Pillow."""
    return v2.Compose([Picture(), TRANSFORM])
