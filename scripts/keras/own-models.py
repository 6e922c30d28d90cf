"""Writes model files with real Keras 2 and Keras 3, and what the models compute, to test/fixtures/keras/.

    pip install -r scripts/keras/own-models-requirements.txt
    python scripts/keras/own-models.py test/fixtures/keras

Only architectures are kept: .keras archives are repacked without weights, and large JSON is gzipped. `models.json` has for
each file the layers with their numbers of parameters and the logits (minus their mean) for two images, with weights and
pixels that test/child/own/keras.ts generates by the same rule. `optimizers.json` has the steps that real optimizers take
for two variables.
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
import tf_keras as keras2  # noqa: E402

CLASSES = 10
OUT = sys.argv[1]


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
    name = variable.name.split("/")[-1].split(":")[0]
    return f"depthwise_{name}" if type(layer).__name__ == "DepthwiseConv2D" and name == "kernel" else name


def describe(model, file, pixels_to):
    for name, layer in layers_of(model):
        layer.set_weights(
            [weight(name, i, tuple(v.shape), kind_of(layer, v)) for i, v in enumerate(layer.weights)]
        )
    height, width = (side or 32 for side in model.input_shape[1:3])
    pixels = np.floor((numbers("pixels", 2 * height * width * 3) + 0.5) * 256).reshape(2, height, width, 3)
    outputs = np.asarray(model(pixels.astype(np.float32) * (pixels_to / 255), training=False), np.float64)
    last = model.layers[-1]
    is_softmax = type(last).__name__ == "Softmax" or getattr(getattr(last, "activation", None), "__name__", "") == "softmax"
    logits = np.log(outputs) if is_softmax else outputs
    logits -= logits.mean(axis=1, keepdims=True)
    return {
        "file": file,
        "side": height,
        "classes": outputs.shape[1],
        "layers": [[name, int(layer.count_params())] for name, layer in layers_of(model)],
        "logits": [[float(f"{value:.6g}") for value in row] for row in logits],
    }


def write_json(model, name):
    text = model.to_json()
    if len(text) < 50_000:
        with open(os.path.join(OUT, f"{name}.json"), "w") as file:
            file.write(text)
        return f"{name}.json"
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


def application(keras, name, side):
    return getattr(keras.applications, name)(weights=None, input_shape=(side, side, 3), classes=CLASSES)


def models():
    for number, keras, other in [(2, keras2, write_json), (3, keras3, write_keras)]:
        for name, model, write, pixels_to in [
            ("sequential", lambda: sequential(keras), write_json, 255),
            ("resnet", lambda: resnet(keras), write_keras, 1),
            ("all-layers", lambda: all_layers(keras), write_json, 255),
            ("mobilenetv2", lambda: application(keras, "MobileNetV2", 32), write_json, 1),
            ("efficientnetb0", lambda: application(keras, "EfficientNetB0", 32), other, 255),
        ]:
            keras.backend.clear_session()
            made = model()
            yield describe(made, write(made, f"keras{number}-{name}"), pixels_to)


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
    import tensorflow as tf

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


write("optimizers.json", list(optimizers()))
write("models.json", list(models()))
