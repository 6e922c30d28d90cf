"""imgaug's side of `scripts/bench/augment.ts`: measures seconds per image of each technique on the given images.

    python3 augment_imgaug.py <raw images, uint8 [count, side, side, 3]> <side> <magnitude>...

Prints one JSON object: technique -> seconds per image, the median over rounds of the mean over the magnitudes. Uses one
thread, also in OpenCV. Needs imgaug 0.4.0 and numpy < 2.
"""

import json
import statistics
import sys
import time

import numpy as np

# Names that imgaug 0.4.0 uses and numpy has removed.
np.bool, np.complex, np.int, np.float = bool, complex, int, float

import cv2  # noqa: E402
import imgaug  # noqa: E402
import imgaug.augmenters as iaa  # noqa: E402

ROUNDS = 5


def ordered(low, high):
    return (min(low, high), max(low, high))


def augmenters(m, side):
    """The 20 techniques at magnitude m, as the original DeepAugment called them."""
    return {
        "crop": iaa.Crop(px=(0, int(m * side * 0.99))),
        "gaussian-blur": iaa.GaussianBlur((0, 25 * m)),
        "rotate": iaa.Affine(rotate=(-180 * m, 180 * m)),
        "shear": iaa.Affine(shear={"x": (-90 * m, 90 * m)}),
        "translate-x": iaa.Affine(translate_percent={"x": (-m, m)}),
        "translate-y": iaa.Affine(translate_percent={"y": (-m, m)}),
        "sharpen": iaa.Sharpen(alpha=(0, 1), lightness=ordered(0.5, 5 * m)),
        "emboss": iaa.Emboss(alpha=(0, 1), strength=(0, 20 * m)),
        "additive-gaussian-noise": iaa.AdditiveGaussianNoise(scale=(0, 255 * m), per_channel=0.5),
        "dropout": iaa.Dropout((0.01, max(0.011, m)), per_channel=0.5),
        "coarse-dropout": iaa.CoarseDropout(
            (0.03, 0.15), size_percent=ordered(0.3, min(1, max(0.05, np.log10(3 * m)))), per_channel=0.2, min_size=4
        ),
        "gamma-contrast": iaa.GammaContrast(1.75 * m),
        "brighten": iaa.Add((int(-40 * m), int(40 * m)), per_channel=0.5),
        "invert": iaa.Invert(1.0),
        "fog": iaa.Fog(),
        "clouds": iaa.Clouds(),
        "add-to-hue-and-saturation": iaa.AddToHueAndSaturation((int(-45 * m), int(45 * m))),
        "coarse-salt-pepper": iaa.CoarseSaltAndPepper(0.2, size_percent=m, min_size=4),
        "horizontal-flip": iaa.Fliplr(m),
        "vertical-flip": iaa.Flipud(m),
    }


def main():
    path, side, *magnitudes = sys.argv[1:]
    side = int(side)
    images = np.fromfile(path, np.uint8).reshape(-1, side, side, 3)
    cv2.setNumThreads(1)
    imgaug.seed(1)
    by_magnitude = [augmenters(float(m), side) for m in magnitudes]
    seconds = {}
    for name in by_magnitude[0]:
        rounds = []
        for _ in range(ROUNDS + 1):
            start = time.perf_counter()
            for one in by_magnitude:
                one[name].augment_images(images)
            rounds.append((time.perf_counter() - start) / len(by_magnitude) / len(images))
        # The first round warms up.
        seconds[name] = statistics.median(rounds[1:])
    print(json.dumps(seconds))


main()
