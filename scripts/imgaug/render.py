"""imgaug's side of the comparison: renders images for compare.ts, which does the measuring.

Reads jobs from standard input, one JSON object per line, and answers each with a line {"ok": true}. A job has a file of
images (uint8, count x height x width x 3), their height and width, the file to write, the technique, a magnitude or
parameters, a seed, and a variant:

  imgaug     the technique as imgaug implements it, with the parameters of DeepAugment's specification
  adjusted   the same without the one known difference from our specification, to show that it is the only one

The first output line has the versions.
"""

import functools
import json
import sys
import warnings

import numpy as np

# imgaug 0.4.0 uses names that numpy 1.24 removed.
np.bool, np.int, np.float, np.complex = bool, int, float, complex

import cv2
import imgaug
import imgaug.augmenters as iaa
import imgaug.parameters as iap
import skimage
import skimage.transform

# imgaug warns about every crop that would leave nothing.
warnings.filterwarnings("ignore")
cv2.setNumThreads(1)

# If the result has no black value, scikit-image clips it to the image's own range; the comparison needs it unclipped.
skimage.transform.warp = functools.partial(skimage.transform.warp, clip=False)


def between(low, high):
    """A range for imgaug, lower end first."""
    return (min(low, high), max(low, high))


def rounded_gamma(images, gamma):
    """imgaug's formula, rounded to the nearest value."""
    table = np.rint(255 * (np.arange(256) / 255) ** gamma).astype(np.uint8)
    return table[images]


def cubic_crop(augmenter, images):
    """Crops with imgaug's draws and enlarges the result with cubic interpolation."""
    height, width = images.shape[1:3]
    cropped = augmenter.augment_images(list(images))
    return np.stack([cv2.resize(image, (width, height), interpolation=cv2.INTER_CUBIC) for image in cropped])


def shift_hue_and_saturation(images, added):
    """Adds the same integer to hue and saturation, unscaled. With one pixel per row OpenCV uses its scalar conversion,
    which rounds, while its vector code truncates."""
    hsv = cv2.cvtColor(images.reshape(-1, 1, 3), cv2.COLOR_RGB2HSV).reshape(images.shape).astype(int)
    added = np.broadcast_to(added, len(images))[:, None, None]
    hsv[..., 0] = (hsv[..., 0] + added) % 180
    hsv[..., 1] = np.clip(hsv[..., 1] + added, 0, 255)
    return cv2.cvtColor(hsv.astype(np.uint8).reshape(-1, 1, 3), cv2.COLOR_HSV2RGB).reshape(images.shape)


def crop_at_magnitude(m, shape, seed, keep_size=True):
    """Each side loses up to m of its own length."""
    height, width = (int(m * side) for side in shape)
    return iaa.Crop(px=((0, height), (0, width), (0, height), (0, width)), keep_size=keep_size, seed=seed)


def at_magnitude(technique, m, shape, seed, adjusted):
    """A function from images to augmented images."""
    if adjusted:
        if technique == "gamma-contrast":
            return lambda images: rounded_gamma(images, 1.75 * m)
        if technique == "crop":
            augmenter = crop_at_magnitude(m, shape, seed, keep_size=False)
            return lambda images: cubic_crop(augmenter, images)
        if technique == "add-to-hue-and-saturation":
            most = int(45 * m)
            draws = np.random.default_rng(seed).integers(-most, most + 1, size=100_000)
            return lambda images: shift_hue_and_saturation(images, draws[: len(images)])
        raise KeyError(f"no adjusted {technique}")
    finest = min(1.0, max(0.05, float(np.log10(3 * m))))
    augmenter = {
        "crop": lambda: crop_at_magnitude(m, shape, seed),
        "gaussian-blur": lambda: iaa.GaussianBlur((0, 25 * m), seed=seed),
        "rotate": lambda: iaa.Affine(rotate=(-180 * m, 180 * m), seed=seed),
        # Along x only: with a plain range, 0.4.0 shears both axes.
        "shear": lambda: iaa.Affine(shear={"x": (-90 * m, 90 * m)}, seed=seed),
        "translate-x": lambda: iaa.Affine(translate_percent={"x": (-m, m)}, seed=seed),
        "translate-y": lambda: iaa.Affine(translate_percent={"y": (-m, m)}, seed=seed),
        "sharpen": lambda: iaa.Sharpen((0, 1), between(0.5, 5 * m), seed=seed),
        "emboss": lambda: iaa.Emboss((0, 1), (0, 20 * m), seed=seed),
        "additive-gaussian-noise": lambda: iaa.AdditiveGaussianNoise(scale=(0, 255 * m), per_channel=0.5, seed=seed),
        "dropout": lambda: iaa.Dropout((0.01, max(0.011, m)), per_channel=0.5, seed=seed),
        "coarse-dropout": lambda: iaa.CoarseDropout(
            (0.03, 0.15), size_percent=between(0.3, finest), per_channel=0.2, min_size=4, seed=seed
        ),
        "gamma-contrast": lambda: iaa.GammaContrast(1.75 * m, seed=seed),
        "brighten": lambda: iaa.Add((-40 * m, 40 * m), per_channel=0.5, seed=seed),
        "invert": lambda: iaa.Invert(1.0, seed=seed),
        "fog": lambda: iaa.Fog(seed=seed),
        "clouds": lambda: iaa.Clouds(seed=seed),
        "add-to-hue-and-saturation": lambda: iaa.AddToHueAndSaturation((-int(45 * m), int(45 * m)), seed=seed),
        "coarse-salt-pepper": lambda: iaa.CoarseSaltAndPepper(0.2, size_percent=m, min_size=4, seed=seed),
        "horizontal-flip": lambda: iaa.Fliplr(m, seed=seed),
        "vertical-flip": lambda: iaa.Flipud(m, seed=seed),
    }[technique]()
    return augmenter.augment_images


def at_parameters(technique, p, adjusted):
    """The same for given parameters, in the form in which our techniques draw them."""
    if adjusted and technique == "gamma-contrast":
        return lambda images: rounded_gamma(images, p["gamma"])
    if adjusted and technique == "gaussian-blur":
        # On uint8 images, OpenCV's kernel weights have 8 fractional bits.
        return lambda images: np.rint(iaa.GaussianBlur(p["sigma"]).augment_images(images.astype(np.float32))).astype(np.uint8)
    if adjusted and technique == "add-to-hue-and-saturation":
        return lambda images: shift_hue_and_saturation(images, p["added"])
    if technique == "crop":
        px = (p["top"], p["right"], p["bottom"], p["left"])
        if adjusted:
            return lambda images: cubic_crop(iaa.Crop(px=px, keep_size=False), images)
        return iaa.Crop(px=px).augment_images
    # imgaug chooses OpenCV, which rounds coordinates to 1/32 pixel; scikit-image computes them in double precision.
    backend = "skimage" if adjusted else "auto"
    augmenter = {
        "gaussian-blur": lambda: iaa.GaussianBlur(p["sigma"]),
        "rotate": lambda: iaa.Affine(rotate=p["degrees"], backend=backend),
        "shear": lambda: iaa.Affine(shear={"x": p["degrees"]}, backend=backend),
        "translate-x": lambda: iaa.Affine(translate_percent={"x": p["share"]}, backend=backend),
        "translate-y": lambda: iaa.Affine(translate_percent={"y": p["share"]}, backend=backend),
        "sharpen": lambda: iaa.Sharpen(p["alpha"], p["lightness"]),
        "emboss": lambda: iaa.Emboss(p["alpha"], p["strength"]),
        "gamma-contrast": lambda: iaa.GammaContrast(p["gamma"]),
        "brighten": lambda: iaa.Sequential([iaa.WithChannels(c, iaa.Add(p["added"][c])) for c in range(3)]),
        "invert": lambda: iaa.Invert(1.0),
        "add-to-hue-and-saturation": lambda: iaa.AddToHueAndSaturation(iap.Deterministic(p["added"])),
        "horizontal-flip": lambda: iaa.Fliplr(float(p["flipped"])),
        "vertical-flip": lambda: iaa.Flipud(float(p["flipped"])),
    }[technique]()
    return augmenter.augment_images


def main():
    versions = {
        "Python": sys.version.split()[0],
        "imgaug": imgaug.__version__,
        "OpenCV": cv2.__version__,
        "scikit-image": skimage.__version__,
        "numpy": np.__version__,
    }
    print(json.dumps(versions), flush=True)
    for line in sys.stdin:
        job = json.loads(line)
        shape = (job["height"], job["width"])
        images = np.fromfile(job["images"], np.uint8).reshape(-1, *shape, 3)
        adjusted = job["variant"] == "adjusted"
        if "parameters" in job:
            augment = at_parameters(job["technique"], job["parameters"], adjusted)
        else:
            augment = at_magnitude(job["technique"], job["magnitude"], shape, job["seed"], adjusted)
        result = np.asarray(augment(images.copy()))
        assert result.dtype == np.uint8 and result.shape == images.shape, (job, result.dtype, result.shape)
        result.tofile(job["out"])
        print(json.dumps({"ok": True}), flush=True)


main()
