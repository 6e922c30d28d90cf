"""Describes the child models as built by real Keras, for test/fixtures/keras-models.json.

    pip install -r scripts/keras/requirements.txt
    python scripts/keras/models.py > test/fixtures/keras-models.json

Has for each model the shape of its images, its layers in Keras's order, each as [class, output shape, trainable
parameters, others], and its logits for one image, without dropout and with weights and pixels that
test/child/models/keras-models.test.ts generates by the same rule (except for wrn_28_10, which has 36 million weights in
the same blocks as wrn_16_2). basiccnn and the Wide ResNets are written here from their papers with Keras's layers; the
other two come from keras.applications.
"""

import json
import math
import os
import re
import sys

os.environ.setdefault("KERAS_BACKEND", "jax")
os.environ.setdefault("JAX_PLATFORMS", "cpu")
import keras  # noqa: E402
import numpy as np  # noqa: E402
from keras import layers  # noqa: E402

CLASSES = 10
WORD = np.uint64(2**32 - 1)


def basiccnn(shape):
    return keras.Sequential(
        [
            layers.Input(shape),
            layers.Conv2D(32, 3, padding="same", activation="relu", name="conv_1"),
            layers.Conv2D(32, 3, activation="relu", name="conv_2"),
            layers.MaxPooling2D(2),
            layers.Dropout(0.6),
            layers.Conv2D(64, 3, padding="same", activation="relu", name="conv_3"),
            layers.Conv2D(64, 3, activation="relu", name="conv_4"),
            layers.MaxPooling2D(2),
            layers.Dropout(0.6),
            layers.Flatten(),
            layers.Dense(512, activation="relu", name="dense_1"),
            layers.Dropout(0.5),
            layers.Dense(CLASSES, name="logits"),
        ]
    )


def wide_resnet(depth, width):
    """Zagoruyko and Komodakis 2016, with the blocks of He et al. 2016."""

    def convolve(x, name, filters, size, strides):
        return layers.Conv2D(filters, size, strides, padding="same", use_bias=False, name=name)(x)

    def activate(x, name):
        return layers.Activation("relu", name=f"{name}_relu")(layers.BatchNormalization(name=f"{name}_norm")(x))

    def block(x, name, filters, strides):
        activated = activate(x, f"{name}_1")
        keeps_shape = strides == 1 and x.shape[-1] == filters
        shortcut = x if keeps_shape else convolve(activated, f"{name}_shortcut", filters, 1, strides)
        inner = convolve(activated, f"{name}_1_conv", filters, 3, strides)
        residual = convolve(activate(inner, f"{name}_2"), f"{name}_2_conv", filters, 3, 1)
        return layers.Add(name=f"{name}_add")([shortcut, residual])

    def build(shape):
        images = layers.Input(shape)
        x = convolve(images, "conv", 16, 3, 1)
        for group in (1, 2, 3):
            for number in range(1, (depth - 4) // 6 + 1):
                strides = 2 if group > 1 and number == 1 else 1
                x = block(x, f"group_{group}_block_{number}", 16 * width * 2 ** (group - 1), strides)
        x = layers.GlobalAveragePooling2D()(activate(x, "last"))
        return keras.Model(images, layers.Dense(CLASSES, name="logits")(x))

    return build


def on_top_of(application):
    def build(shape):
        keras.utils.clear_session()
        body = application(input_shape=shape, include_top=False, weights=None)
        x = layers.GlobalAveragePooling2D()(body.output)
        x = layers.Dropout(0.7)(layers.Dense(256, activation="relu", name="dense")(x))
        return keras.Model(body.input, layers.Dense(CLASSES, name="logits")(x))

    return build


# Keyed by name: the images' side, how to build the model, and whether to compute its logits.
MODELS = {
    "basiccnn": (32, basiccnn, True),
    "wrn_10_1": (32, wide_resnet(10, 1), True),
    "wrn_16_2": (32, wide_resnet(16, 2), True),
    "wrn_28_10": (32, wide_resnet(28, 10), False),
    "mobilenetv2": (32, on_top_of(keras.applications.MobileNetV2), True),
    "inceptionv3": (75, on_top_of(keras.applications.InceptionV3), True),
}


def our_name(name):
    """Keras numbers the layers of InceptionV3 from 0 and omits the 0."""
    match = re.fullmatch(r"(conv2d|batch_normalization)(?:_(\d+))?", name)
    if not match:
        return name
    suffix = "" if match[1] == "conv2d" else "_norm"
    return f"conv_{int(match[2] or 0) + 1}{suffix}"


def numbers(key, count):
    """Numbers in [0, 1): a hash of the key and each value's index (MurmurHash3's final step). The test does the same."""
    start = sum(ord(letter) * (i + 1) for i, letter in enumerate(key)) * 40503
    words = (np.arange(count, dtype=np.uint64) * np.uint64(2654435761) + np.uint64(start)) & WORD
    for shift, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35), (16, 1)):
        words = ((words ^ (words >> np.uint64(shift))) * np.uint64(factor)) & WORD
    return words.astype(np.float64) / 2**32


def values_of(layer, weight):
    kind = weight.path.split("/")[-1]
    shape = weight.shape
    some = numbers(f"{our_name(layer.name)}/{kind}", math.prod(shape))
    if kind == "kernel":
        fan_in = math.prod(shape[:2]) if isinstance(layer, layers.DepthwiseConv2D) else math.prod(shape[:-1])
        values = (2 * some - 1) * math.sqrt(6 / fan_in)
    elif kind in ("gamma", "moving_variance"):
        values = 0.5 + some
    else:
        values = (some - 0.5) / 5
    return values.reshape(shape)


def count(weights):
    return sum(math.prod(weight.shape) for weight in weights)


def rows_of(model):
    rows = []
    for layer in model.layers:
        if not isinstance(layer, (layers.InputLayer, layers.Dropout)):
            counts = count(layer.trainable_weights), count(layer.non_trainable_weights)
            rows.append([type(layer).__name__, list(layer.output.shape[1:]), *counts])
    return rows


def logits_of(model, shape):
    for layer in model.layers:
        layer.set_weights([values_of(layer, weight) for weight in layer.weights])
    image = numbers("image", math.prod(shape)).reshape((1, *shape)).astype(np.float32)
    return [float(f"{value:.6g}") for value in np.asarray(model(image, training=False))[0]]


def describe(side, build, computes):
    shape = (side, side, 3)
    model = build(shape)
    description = {"imageShape": list(shape), "layers": rows_of(model)}
    return {**description, "logits": logits_of(model, shape)} if computes else description


def main():
    lines = []
    for name, settings in MODELS.items():
        print(name, file=sys.stderr)
        lines.append(f'    "{name}": {json.dumps(describe(*settings))}')
    models = ",\n".join(lines)
    print(f'{{\n  "keras": "{keras.__version__}",\n  "classes": {CLASSES},\n  "models": {{\n{models}\n  }}\n}}')


main()
