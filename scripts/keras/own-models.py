"""Writes model files with real Keras 2 and Keras 3, and what the models compute, to test/fixtures/keras/.

    pip install -r scripts/keras/own-models-requirements.txt
    python scripts/keras/own-models.py test/fixtures/keras [name of a model …]

Only architectures are kept: .keras archives are repacked without weights, and large JSON is gzipped. `models.json` has for
each file the layers with their numbers of parameters and the logits (minus their mean) for two images, with weights and
pixels that test/child/own/keras.ts generates by the same rule. For some models it also has the gradients of the loss on
these images, for the labels 0 and 1: of each weight, the gradient's norm and its product with numbers by the same rule.
`optimizers.json` has the steps that real optimizers take for two variables, and `constraints.json` the results of constraints on
a weight. With names, only these models are written again.
"""

import gzip
import json
import os
import sys
import tempfile
import zipfile

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = "-1"

import keras as keras3  # noqa: E402
import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402
import tf_keras as keras2  # noqa: E402

CLASSES = 10
OUT = sys.argv[1]
NAMES = sys.argv[2:]


def numbers(name, count):
    """`count` numbers in [-0.5, 0.5): MurmurHash3's mixing of each index, offset by an FNV-1a hash of the name."""
    seed = 2166136261
    for letter in name.encode():
        seed = ((seed ^ letter) * 16777619) % 2**32
    with np.errstate(over="ignore"):
        x = np.arange(count, dtype=np.uint32) * np.uint32(0x9E3779B1) + np.uint32(seed)
        x ^= x >> np.uint32(16)
        x *= np.uint32(0x85EBCA6B)
        x ^= x >> np.uint32(13)
        x *= np.uint32(0xC2B2AE35)
        x ^= x >> np.uint32(16)
    return x / 2**32 - 0.5


def weight(layer, index, shape, kind):
    """The weights of a layer, derived from its name: near 1 for scales, scaled as in He et al. 2015 for kernels."""
    values = numbers(f"{layer}/{index}", int(np.prod(shape))).reshape(shape)
    if kind in ("gamma", "moving_variance"):
        values = 1 + 0.4 * values
    elif len(shape) < 2 or kind == "alpha":
        values = 0.4 * values
    else:
        fan = np.prod(shape[:2]) if "depthwise" in kind else np.prod(shape[:-1])
        values = values * np.sqrt(24 / fan)
    return values.astype(np.float32)


def layers_of(model, prefix=""):
    """All layers with weights, including those of nested models, with the names that ours have."""
    for layer in model.layers:
        if hasattr(layer, "layers"):
            yield from layers_of(layer, f"{prefix}{layer.name}/")
        elif layer.weights and type(layer).__name__ != "Normalization":
            yield prefix + layer.name, layer


def kind_of(layer, variable):
    if type(layer).__name__ == "LayerScale":
        return "gamma"
    name = variable.name.split("/")[-1].split(":")[0]
    return f"depthwise_{name}" if type(layer).__name__ == "DepthwiseConv2D" and name == "kernel" else name


def on_cpu(compute):
    """Computes by XLA what TensorFlow itself cannot on a CPU: convolutions in groups, and with channels first."""
    try:
        return compute()
    except Exception:
        return tf.function(compute, jit_compile=True)()


def gradients_of(model, pixels, loss_of, training):
    """The norm of each weight's gradient, and its product with generated numbers."""
    named = {
        f"{name}/{i}": variable
        for name, layer in layers_of(model)
        for i, variable in enumerate(layer.weights)
        if variable.trainable
    }
    # Variables of Keras 3 wrap those of TensorFlow.
    sources = [each if isinstance(each, tf.Variable) else each.value for each in named.values()]

    def compute():
        with tf.GradientTape() as tape:
            loss = loss_of(model(pixels, training=training))
        return tape.gradient(loss, sources)

    def facts(name, gradient):
        values = np.asarray(gradient, np.float64).ravel()
        return [float(f"{x:.6g}") for x in (np.linalg.norm(values), values @ numbers(f"{name} probe", values.size))]

    return {name: facts(name, gradient) for name, gradient in zip(named, on_cpu(compute))}


def describe(model, file, pixels_to, training=None):
    """With gradients in training or in inference mode if `training` says which."""
    for name, layer in layers_of(model):
        layer.set_weights(
            [weight(name, i, tuple(v.shape), kind_of(layer, v)) for i, v in enumerate(layer.weights)]
        )
    is_first = model.input_shape[1] == 3 and model.input_shape[3] != 3
    height, width = (side or 32 for side in model.input_shape[2 if is_first else 1 :][:2])
    pixels = np.floor((numbers("pixels", 2 * height * width * 3) + 0.5) * 256).reshape(2, height, width, 3)
    pixels = pixels.astype(np.float32) * np.float32(pixels_to / 255)
    if is_first:
        pixels = pixels.transpose(0, 3, 1, 2)
    outputs = np.asarray(on_cpu(lambda: model(pixels, training=False)), np.float64)
    last = getattr(model, "operations", model.layers)[-1]
    is_softmax = type(last).__name__ == "Softmax" or getattr(getattr(last, "activation", None), "__name__", "") == "softmax"
    logits = np.log(outputs) if is_softmax else outputs
    logits -= logits.mean(axis=1, keepdims=True)

    def loss_of(outputs):
        logits = tf.math.log(outputs) if is_softmax else outputs
        return tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits([0, 1], logits))

    entry = {
        "file": file,
        "side": height,
        **({"width": width} if width != height else {}),
        "classes": outputs.shape[1],
        "layers": [[name, int(layer.count_params())] for name, layer in layers_of(model)],
        "logits": [[float(f"{value:.6g}") for value in row] for row in logits],
    }
    if training in (True, False):
        entry["gradients"] = {"training": training, "values": gradients_of(model, pixels, loss_of, training)}
    return entry


def write_json(model, name):
    text = model.to_json()
    if len(text) > 50_000:
        return write_gzip(model, name)
    with open(os.path.join(OUT, f"{name}.json"), "w") as file:
        file.write(text)
    return f"{name}.json"


def write_gzip(model, name):
    text = model.to_json()
    with gzip.GzipFile(os.path.join(OUT, f"{name}.json.gz"), "wb", mtime=0) as file:
        file.write(text.encode())
    return f"{name}.json.gz"


def write_keras(model, name):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "model.keras")
        model.save(path)
        with zipfile.ZipFile(path) as whole, zipfile.ZipFile(os.path.join(OUT, f"{name}.keras"), "w") as small:
            for entry in ["metadata.json", "config.json"]:
                info = zipfile.ZipInfo(entry)
                small.writestr(info, whole.read(entry), zipfile.ZIP_DEFLATED)
    return f"{name}.keras"


def sequential(keras):
    """A model as in Keras's examples, preceded by a layer for pixels from 0 to 255."""
    layers = keras.layers
    model = keras.Sequential(
        [
            layers.Input((32, 32, 3)),
            layers.Rescaling(1 / 255),
            layers.Conv2D(8, 3, padding="same", activation="relu", kernel_regularizer=keras.regularizers.l2(1e-4)),
            layers.MaxPooling2D(),
            layers.SpatialDropout2D(0.1),
            layers.Conv2D(16, (3, 3), strides=2, use_bias=False, kernel_initializer="he_normal"),
            layers.BatchNormalization(),
            layers.Activation("swish"),
            layers.Flatten(),
            layers.Dropout(0.3),
            layers.Dense(32, activation="elu"),
            layers.Dense(CLASSES, activation="softmax"),
        ],
        name="small_cnn",
    )
    model.compile(
        keras.optimizers.SGD(0.05, momentum=0.9, nesterov=True, clipnorm=1.0), "sparse_categorical_crossentropy"
    )
    return model


def resnet(keras):
    """The ResNet of Keras's CIFAR-10 example (He et al. 2016), with two blocks per group and few channels."""
    layers = keras.layers

    def convolve(x, filters, size=3, strides=1):
        return layers.Conv2D(
            filters,
            size,
            strides=strides,
            padding="same",
            kernel_initializer="he_normal",
            kernel_regularizer=keras.regularizers.L2(1e-4),
        )(x)

    inputs = layers.Input((None, None, 3))
    x = layers.Activation("relu")(layers.BatchNormalization()(convolve(inputs, 8)))
    for group, filters in enumerate([8, 16, 32]):
        for block in range(2):
            strides = 2 if group > 0 and block == 0 else 1
            y = layers.Activation("relu")(layers.BatchNormalization()(convolve(x, filters, strides=strides)))
            y = layers.BatchNormalization()(convolve(y, filters))
            if strides == 2:
                x = convolve(x, filters, 1, 2)
            x = layers.Activation("relu")(layers.add([x, y]))
    x = layers.GlobalAveragePooling2D()(x)
    outputs = layers.Dense(CLASSES, activation="softmax", kernel_initializer="he_normal")(x)
    model = keras.Model(inputs, outputs, name="resnet14")
    schedule = keras.optimizers.schedules.CosineDecay(0.001, 1000)
    model.compile(keras.optimizers.AdamW(schedule, weight_decay=0.01), "categorical_crossentropy")
    return model


def all_layers(keras):
    """Every kind of layer that a child may have, a nested model and a layer that is used twice."""
    layers = keras.layers
    inputs = layers.Input((16, 16, 3), name="pixels in")
    x = layers.Normalization(mean=[120.0, 115.0, 105.0], variance=[4000.0, 3900.0, 4300.0])(inputs)
    x = layers.ZeroPadding2D(((1, 0), (0, 2)))(x)
    x = layers.Conv2D(8, 5, kernel_initializer="lecun_normal", bias_initializer="ones")(x)
    x = layers.PReLU(shared_axes=[1, 2])(x)
    x = layers.SeparableConv2D(8, 3, depth_multiplier=2, padding="same", depthwise_regularizer="l1")(x)
    x = layers.LeakyReLU(0.2)(x)
    twice = layers.Conv2D(8, 1, activation="tanh", name="twice")
    inner = keras.Sequential(
        [
            layers.Input((13, 14, 8)),
            layers.DepthwiseConv2D(3, padding="same", depth_multiplier=1, activation="relu6"),
            layers.LayerNormalization(),
            layers.Conv2D(8, 1, activation="gelu", kernel_initializer=keras.initializers.RandomUniform(0, 0.2)),
        ],
        name="inner",
    )
    y = inner(x)
    x = inner(layers.Average()([twice(x), twice(y)]))
    scale = layers.GlobalAveragePooling2D(keepdims=True)(x)
    scale = layers.Conv2D(4, 1, activation="silu" if keras is keras3 else "swish")(scale)
    scale = layers.Conv2D(8, 1, activation="sigmoid", kernel_initializer=keras.initializers.TruncatedNormal(stddev=0.3))(
        scale
    )
    x = layers.Multiply()([x, scale])
    x = layers.BatchNormalization(scale=False, momentum=0.9)(x)
    x = layers.Dropout(0.2, noise_shape=(None, 1, 1, 1))(x)
    x = layers.Subtract()([layers.Maximum()([x, y]), layers.Minimum()([x, y])])
    x = layers.Concatenate()([x, layers.ELU()(y)])
    x = layers.AveragePooling2D(3, strides=2, padding="same")(x)
    x = layers.UpSampling2D(2)(layers.Cropping2D(((1, 1), (2, 1)))(x))
    x = layers.MaxPooling2D((2, 3), strides=(2, 1))(x)
    x = layers.BatchNormalization(center=False)(x)
    x = layers.ReLU(4.0)(layers.Softmax()(layers.Permute((2, 1, 3))(x)))
    x = layers.Add()([layers.Flatten()(layers.Reshape((-1, 16))(x)), layers.Flatten()(x)])
    x = layers.Activation("selu")(layers.Dense(12, activation="softplus")(x))
    outputs = layers.Softmax()(layers.Dense(CLASSES, kernel_initializer="glorot_normal")(x))
    model = keras.Model(inputs, outputs, name="all_layers")
    model.compile(keras.optimizers.RMSprop(0.002, momentum=0.5, global_clipnorm=2.0), "categorical_crossentropy")
    return model


def application(keras, name, side, **settings):
    return getattr(keras.applications, name)(
        weights=None, input_shape=(side, side, 3), classes=CLASSES, **settings
    )


def deterministic_layers(keras):
    """Layers with groups, dilation and other forms of normalization, resizing, constraints and initializers."""
    layers, c = keras.layers, keras.constraints
    inputs = layers.Input((20, 24, 3))
    x = layers.CenterCrop(18, 20)(layers.Rescaling(1 / 255)(inputs))
    x = layers.Resizing(15, 17)(layers.Resizing(19, 16, interpolation="nearest")(x))
    x = layers.Conv2D(8, 3, kernel_constraint=c.MaxNorm(1.5, axis=[0, 1, 2]), bias_constraint=c.NonNeg())(x)
    x = layers.Conv2D(12, 3, groups=4, padding="same", activation="tanh", kernel_initializer="orthogonal")(x)
    x = layers.GroupNormalization(3)(x)
    x = layers.Conv2D(24, 3, groups=12, strides=(1, 2), padding="same", activation="hard_sigmoid")(x)
    x = layers.Conv2D(8, 3, dilation_rate=2, activation="elu")(x)
    x = layers.Conv2D(8, 3, groups=2, dilation_rate=(2, 1), padding="same", use_bias=False)(x)
    x = layers.BatchNormalization()(x)
    x = layers.DepthwiseConv2D(3, depth_multiplier=2, dilation_rate=2, padding="same", depthwise_constraint="unit_norm")(x)
    x = layers.GroupNormalization(-1, scale=False)(x)
    x = layers.SeparableConv2D(8, 3, dilation_rate=2, padding="same", activation="softplus")(x)
    x = layers.LayerNormalization(axis=[1, 2, 3])(x)
    y = layers.UnitNormalization()(x)
    x = layers.Concatenate()([layers.ELU(0.5)(x), layers.ReLU(0.6, 0.1, 0.05)(y), layers.UnitNormalization(axis=[1, 2])(y)])
    x = layers.UpSampling2D((2, 3), interpolation="bilinear")(x)
    x = layers.Resizing(12, 10, crop_to_aspect_ratio=True)(x)
    x = layers.Resizing(5, 7)(x)
    if keras is keras3:  # In Keras 2, XLA does not compile it for images that are too small.
        x = layers.CenterCrop(6, 6)(x)
    x = layers.Normalization(mean=0.2, variance=0.25, axis=None, invert=True)(x)
    x = layers.GlobalMaxPooling2D()(x)
    x = layers.Dense(24, kernel_initializer="identity", kernel_constraint=c.MinMaxNorm(0.5, 2.0, 0.9))(x)
    outputs = layers.Dense(CLASSES, kernel_regularizer="l2")(layers.LayerNormalization(epsilon=1e-5)(x))
    model = keras.Model(inputs, outputs, name="deterministic_layers")
    model.compile(keras.optimizers.SGD(0.05, momentum=0.9), "categorical_crossentropy")
    return model


def random_layers(keras):
    """Layers that draw random numbers in training; and activations that Keras 2 lacks, in Keras 3."""
    layers = keras.layers
    inputs = layers.Input((12, 12, 3))
    x = layers.GaussianNoise(0.1)(layers.Conv2D(8, 3, activation="selu")(inputs))
    x = layers.AlphaDropout(0.1)(x)
    x = layers.Activation("exponential")(layers.Conv2D(8, 3, activation="tanh")(x))
    x = layers.GaussianDropout(0.2)(x)
    x = layers.SpatialDropout2D(0.2)(x)
    if keras is keras3:
        names = "hard_silu hard_tanh leaky_relu log_sigmoid celu squareplus tanh_shrink soft_shrink hard_shrink"
        for name in f"{names} sparse_plus sparse_sigmoid".split():
            x = layers.Dense(8, activation=name)(x)
        x = layers.Conv2D(8, 1, activation=layers.LeakyReLU(0.15))(x)
    outputs = layers.Dense(CLASSES)(layers.Flatten()(x))
    return keras.Model(inputs, outputs, name="random_layers")


def operations3(keras):
    """Operations of keras.ops, in Keras 3."""
    layers, ops = keras.layers, keras.ops
    inputs = layers.Input((16, 16, 3))
    x = (keras.applications.resnet50.preprocess_input(inputs) + 120.0) / 127.5 - 1
    x = layers.Conv2D(8, 3, padding="same")(x)
    x = ops.relu6(x + 3) * (1 / 6) * x
    y = layers.Conv2D(8, 3, padding="same")(x)
    x = x + y - ops.maximum(x, y) * ops.minimum(x, 0.5) + ops.maximum(-y, 0.1)
    x = x / (1 + ops.exp(-ops.abs(y))) + 2 / (ops.square(x) + 1.5)
    x = ops.concatenate([x[:, 1:, :-1, ::2], 1 - y[:, 1:, :-1, :3], y[:, :-1, 1:, -1:]], axis=-1)
    a, b = ops.split(x, 2, axis=-1)
    c, d, e = ops.split(x, [1, 3], axis=3)
    x = ops.stack([a, b], axis=3) * ops.expand_dims(ops.sigmoid(b), 3)
    x = ops.concatenate([ops.reshape(x, (-1, 15, 15, 8)), ops.tanh(c), ops.gelu(d), ops.silu(e)], axis=3)
    x = ops.pad(x, [[0, 0], [1, 2], [0, 1], [0, 0]])
    x = layers.Conv2D(8, 3, strides=2)(ops.average_pool(ops.max_pool(x, 2, strides=1), 3, strides=1, padding="same"))
    scale = ops.mean(x, axis=[1, 2], keepdims=True) + ops.max(x, axis=(1, 2), keepdims=True)
    x = ops.clip(x * ops.hard_sigmoid(scale), -1.5, 1.5) ** 3 + ops.leaky_relu(x, 0.1) ** 2
    x = ops.image.resize(x, (6, 5)) + ops.softmax(layers.Conv2D(8, 2, strides=(1, 2), padding="valid")(x)[:, :6, :1])
    x = ops.transpose(x, (0, 2, 1, 3)) - ops.moveaxis(ops.swapaxes(x, 1, 2), 1, 1)[:, :, ::-1]
    x = ops.normalize(x, axis=-1) + ops.log(ops.sqrt(ops.square(x) + 1.0)) + ops.elu(x, 0.5)
    mean, variance = ops.moments(x, axes=[1, 2])
    x = ops.concatenate([mean, variance, ops.sum(ops.min(x, axis=2), axis=1), ops.std(x, axis=(1, 2))], axis=-1)
    x = ops.squeeze(ops.expand_dims(x, 1), 1) * np.linspace(0.5, 1.5, 32, dtype="float32")
    outputs = ops.softmax(layers.Dense(CLASSES)(x))
    return keras.Model(inputs, outputs, name="operations")


def operations2(keras):
    """Operations of TensorFlow, in Keras 2."""
    layers = keras.layers
    inputs = layers.Input((16, 16, 3))
    x = keras.applications.mobilenet_v2.preprocess_input(inputs)
    x = layers.Conv2D(8, 3, padding="same")(x[..., ::-1])
    x = tf.nn.relu6(x + 3) * (1 / 6) * x
    y = layers.Conv2D(8, 3, padding="same")(x)
    x = tf.add_n([x, y, x]) - tf.maximum(x, y) * tf.minimum(x, 0.5) + tf.maximum(-y, 0.1)
    x = x / (1 + tf.exp(-tf.abs(y))) + 2 / (tf.square(x) + 1.5)
    x = tf.concat([x[:, 1:, :-1, ::2], 1 - y[:, 1:, :-1, :4]], axis=-1)
    a, b = tf.split(x, 2, axis=-1)
    c, d = tf.split(x, [3, 5], axis=3)
    x = tf.stack([a, b], axis=3) * tf.expand_dims(tf.sigmoid(b), 3)
    x = tf.concat([tf.reshape(x, (-1, 15, 15, 8)), tf.tanh(c), tf.nn.gelu(d)], 3)
    x = tf.pad(tf.nn.bias_add(x, np.linspace(-1, 1, 16, dtype="float32")), [[0, 0], [1, 2], [0, 1], [0, 0]])
    x = layers.Conv2D(8, 3, strides=2)(tf.nn.avg_pool2d(tf.nn.max_pool2d(x, 2, 1, "VALID"), 3, 1, "SAME"))
    scale = tf.reduce_mean(x, [1, 2], keepdims=True) + tf.reduce_max(x, [1, 2], keepdims=True)
    x = tf.clip_by_value(x * keras.activations.hard_sigmoid(scale), -1.5, 1.5) ** 3 + tf.nn.leaky_relu(x, 0.1)
    x = tf.image.resize(x, (6, 5))
    x = tf.transpose(x, (0, 2, 1, 3)) - tf.reverse(tf.transpose(x, perm=[0, 2, 1, 3]), [2])
    x = tf.math.l2_normalize(x, -1) + tf.math.log(tf.sqrt(tf.square(x) + 1.0))
    x = tf.reduce_sum(tf.reduce_min(x, axis=2), axis=1) * tf.squeeze(tf.expand_dims(tf.reduce_mean(x, [1, 2]), 1), axis=1)
    outputs = layers.Dense(CLASSES, activation="softmax")(tf.cast(x, tf.float32))
    return keras.Model(inputs, outputs, name="operations")


def channels_first(keras):
    """A model for images with their channels first, with layers that need other settings for them, or another order."""
    layers = keras.layers
    first = {"data_format": "channels_first"}
    inputs = layers.Input((3, 14, 18))
    x = layers.Rescaling(1 / 127.5, -1)(inputs)
    x = layers.ZeroPadding2D(((1, 0), (0, 2)), **first)(x)
    x = layers.Conv2D(8, 3, activation="elu", **first)(x)
    x = layers.BatchNormalization(axis=1)(x)
    x = layers.PReLU(shared_axes=[2, 3])(x)
    x = layers.Dropout(0.0, noise_shape=(None, None, 1, 1))(x)
    x = layers.MaxPooling2D((1, 2), **first)(x)
    y = layers.DepthwiseConv2D(3, padding="same", **first)(x)
    y = layers.GroupNormalization(2, axis=1)(y)
    x = x + layers.Activation("tanh")(layers.LayerNormalization(axis=[1])(y))
    scale = layers.Dense(8, activation="sigmoid")(layers.GlobalAveragePooling2D(**first)(x))
    x = layers.Multiply()([x, layers.Reshape((8, 1, 1))(scale)])
    x = layers.Concatenate(axis=1)([x, layers.AveragePooling2D(3, 1, "same", **first)(y) * 0.5])
    # In Keras 2, XLA has no gradient of the default.
    kind = "bilinear" if keras is keras2 else "nearest"
    x = layers.Cropping2D(((1, 0), (0, 1)), **first)(layers.UpSampling2D(2, interpolation=kind, **first)(x))
    x = layers.Dense(12, activation="softplus")(x)
    x = layers.Conv2D(4, (3, 2), strides=(3, 2), **first)(x)
    x = layers.LayerNormalization()(x)
    z = layers.Flatten()(x)
    w = layers.Flatten(**first)(layers.SeparableConv2D(4, 3, padding="same", **first)(x))
    outputs = layers.Dense(CLASSES, activation="softmax")(layers.Concatenate()([z, w]))
    return keras.Model(inputs, outputs, name="channels_first")


def models():
    for number, keras, other in [(2, keras2, write_json), (3, keras3, write_keras)]:
        operations = operations2 if keras is keras2 else operations3
        for name, model, write, *described in [
            ("sequential", lambda: sequential(keras), write_json, 255, False),
            ("resnet", lambda: resnet(keras), write_keras, 1, True),
            ("all-layers", lambda: all_layers(keras), write_json, 255, False),
            ("mobilenetv2", lambda: application(keras, "MobileNetV2", 32), write_json, 1),
            ("efficientnetb0", lambda: application(keras, "EfficientNetB0", 32), other, 255),
            ("deterministic-layers", lambda: deterministic_layers(keras), write_gzip, 255, True),
            ("random-layers", lambda: random_layers(keras), write_gzip, 1, False),
            ("operations", lambda: operations(keras), write_gzip, 255, True),
            ("channels-first", lambda: channels_first(keras), write_gzip, 255, True),
            ("mobilenetv3small", lambda: application(keras, "MobileNetV3Small", 64, dropout_rate=0), other, 255, True),
            ("convnexttiny", lambda: application(keras, "ConvNeXtTiny", 32), write_gzip, 255, True),
            ("efficientnetv2b0", lambda: application(keras, "EfficientNetV2B0", 32), other, 255, False),
        ]:
            file = f"keras{number}-{name}"
            if NAMES and file not in NAMES:
                continue
            keras.backend.clear_session()
            made = model()
            # Those of the large models are the same for both versions.
            if keras is keras2 and made.count_params() > 1e6:
                described = described[:1]
            yield describe(made, write(made, file), *described)


def constraints():
    """The results of Keras's constraints on a weight [3, 4]."""
    c = keras3.constraints
    kernel = (3 * numbers("constrained", 12)).reshape(3, 4).astype(np.float32)
    for constraint in [
        c.MaxNorm(1.0),
        c.MaxNorm(1.2, axis=[0, 1]),
        c.MinMaxNorm(1.0, 1.5, 0.7, axis=1),
        c.UnitNorm(),
        c.NonNeg(),
    ]:
        config = json.loads(json.dumps(keras3.constraints.serialize(constraint)))
        values = [float(f"{value:.7g}") for value in np.asarray(constraint(kernel)).ravel()]
        yield {"constraint": config, "values": values}


def optimizers():
    def both(keras):
        o = keras.optimizers
        s = o.schedules
        return [
            o.SGD(0.1),
            o.SGD(s.PiecewiseConstantDecay([2, 4], [0.3, 0.1, 0.05]), momentum=0.8, clipvalue=0.5),
            o.SGD(s.InverseTimeDecay(0.2, 2, 0.5, staircase=True), momentum=0.8, nesterov=True, global_clipnorm=1.0),
            o.RMSprop(s.ExponentialDecay(0.1, 3, 0.5), rho=0.8),
            o.RMSprop(0.05, momentum=0.7, epsilon=1e-3),
            o.Adam(s.PolynomialDecay(0.1, 5, 0.01, power=2.0), beta_1=0.8, beta_2=0.95, clipnorm=0.7),
            o.AdamW(s.CosineDecay(0.01, 3, 0.1, warmup_target=0.1, warmup_steps=2), weight_decay=0.1),
            o.SGD(0.1, weight_decay=0.3),
        ]

    legacy = keras2.optimizers.legacy
    made = [(keras3, optimizer) for optimizer in both(keras3)]
    made += [(keras2, optimizer) for optimizer in both(keras2)]
    made += [
        (keras2, legacy.SGD(0.1, momentum=0.9, nesterov=True, decay=0.1)),
        (keras2, legacy.RMSprop(0.1, epsilon=0.01)),
        (keras2, legacy.RMSprop(0.1, momentum=0.5, epsilon=0.01)),
        (keras2, legacy.Adam(0.1, decay=0.2)),
    ]
    for keras, optimizer in made:
        config = json.loads(json.dumps(keras.optimizers.serialize(optimizer)))
        make = keras.Variable if keras is keras3 else tf.Variable
        variables = [make(np.float32([1, -2, 0.5])), make(np.float32([[0.3], [-0.1]]))]
        steps = []
        for step in range(6):
            sizes = [3, 2]
            gradients = [
                (numbers(f"gradient {step} {i}", size) * 3 ** (i - step / 3)).astype(np.float32)
                for i, size in enumerate(sizes)
            ]
            pairs = [(gradients[0], variables[0]), (gradients[1].reshape(2, 1), variables[1])]
            optimizer.apply_gradients([(tf.constant(gradient), variable) for gradient, variable in pairs])
            values = [float(f"{value:.7g}") for variable in variables for value in np.asarray(variable).ravel()]
            steps.append(values)
        yield {"optimizer": config, "values": steps}


def write(name, entries):
    with open(os.path.join(OUT, name), "w") as file:
        file.write("[\n" + ",\n".join(json.dumps(entry) for entry in entries) + "\n]\n")


def merged(entries):
    """All models, those that were not written again as they are."""
    if not NAMES:
        return entries
    with open(os.path.join(OUT, "models.json")) as file:
        known = {entry["file"]: entry for entry in json.load(file)}
    return list({**known, **{entry["file"]: entry for entry in entries}}.values())


if not NAMES:
    write("optimizers.json", list(optimizers()))
    write("constraints.json", list(constraints()))
write("models.json", merged(list(models())))
