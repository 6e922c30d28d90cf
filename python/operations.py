import math

import numpy as np

try:  # Only for speed: warps and blurs of large images.
    import cv2
except ImportError:
    cv2 = None


def _integer(rng, low, high):
    """A whole number from low to high, both included."""
    return int(rng.integers(low, high + 1))


def _uniform(rng, low, high):
    return low + (high - low) * rng.random()


def _chance(rng, probability):
    return bool(rng.random() < probability)


def _pixels(values):
    """Rounded to whole numbers (halves to even) and clipped."""
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


# --- Scale: techniques that count in pixels draw for images of any size as if they had been augmented at the judged size.


class _Shape:
    """An image's height and width, and how many of its pixels there are per pixel of the judged images."""

    def __init__(self, height, width, judged=None):
        self.height = height
        self.width = width
        self.scale = math.sqrt(height * width / (judged[0] * judged[1])) if judged else 1.0

    def judged_side(self, side):
        return max(1, math.floor(side / self.scale + 0.5))

    def grain(self):
        return {"grain": self.scale} if self.scale > 1 else {}


def _grains(image, grain):
    """The number of grains along the image's sides."""
    height, width = image.shape[:2]
    return max(1, math.floor(height / grain + 0.5)), max(1, math.floor(width / grain + 0.5))


# --- Interpolation.


def _cubic_taps(source, target):
    """For each target position four source positions and their weights: Keys' kernel with a = -0.75, half-pixel centres."""
    place = (np.arange(target) + 0.5) * (source / target) - 0.5
    left = np.floor(place)
    distance = np.abs((place - left)[:, None] - np.arange(-1, 3))
    near = (1.25 * distance - 2.25) * distance**2 + 1
    far = -0.75 * (((distance - 5) * distance + 8) * distance - 4)
    weights = np.where(distance <= 1, near, far).astype(np.float32)
    places = np.clip(left[:, None].astype(np.int64) + np.arange(-1, 3), 0, source - 1)
    return places, weights


def _resize_cubic(values, height, width):
    """[height, width, ...] resized, in float32."""
    values = values.astype(np.float32)
    places, weights = _cubic_taps(values.shape[1], width)
    values = sum(values[:, places[:, k]] * _column(weights[:, k], values.ndim - 1) for k in range(4))
    places, weights = _cubic_taps(values.shape[0], height)
    return sum(values[places[:, k]] * _column(weights[:, k], values.ndim) for k in range(4))


def _column(weights, dimensions):
    """Weights of the first of `dimensions` axes."""
    return weights.reshape((-1,) + (1,) * (dimensions - 1))


def _enlarge(cells, height, width):
    """[rows, columns, ...] enlarged by nearest neighbour."""
    rows = np.arange(height) * cells.shape[0] // height
    columns = np.arange(width) * cells.shape[1] // width
    return cells[rows[:, None], columns]


def _warp(image, xx, xy, yx, yy, shift_x=0.0, shift_y=0.0):
    """Reads each pixel, relative to the centre, at (xx x + xy y + shift_x, yx x + yy y + shift_y): bilinear, black outside."""
    height, width = image.shape[:2]
    centre_x, centre_y = width / 2 - 0.5, height / 2 - 0.5
    start_x = centre_x + shift_x - xx * centre_x - xy * centre_y
    start_y = centre_y + shift_y - yx * centre_x - yy * centre_y
    if cv2 is not None and max(abs(xx), abs(xy), abs(yx), abs(yy)) < 100 and max(height, width) < 32767:
        matrix = np.array([[xx, xy, start_x], [yx, yy, start_y]])
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        return cv2.warpAffine(image, matrix, (width, height), flags=flags, borderMode=cv2.BORDER_CONSTANT)
    x, y = np.arange(width), np.arange(height)[:, None]
    source_x = xx * x + (xy * y + start_x)
    source_y = yx * x + (yy * y + start_y)
    inside = (source_x > -1) & (source_x < width) & (source_y > -1) & (source_y < height)
    source_x, source_y = source_x[inside], source_y[inside]
    left, top = np.floor(source_x).astype(np.int64), np.floor(source_y).astype(np.int64)
    share_x = (source_x - left).astype(np.float32)[:, None]
    share_y = (source_y - top).astype(np.float32)[:, None]
    padded = np.zeros((height + 2, width + 2, 3), np.float32)
    padded[1:-1, 1:-1] = image
    upper_left, upper_right = padded[top + 1, left + 1], padded[top + 1, left + 2]
    lower_left, lower_right = padded[top + 2, left + 1], padded[top + 2, left + 2]
    upper = upper_left + share_x * (upper_right - upper_left)
    lower = lower_left + share_x * (lower_right - lower_left)
    result = np.zeros_like(image)
    result[inside] = _pixels(upper + share_y * (lower - upper))
    return result


# --- Crop, flips, rotation, shear, translation.


def _draw_crop(magnitude, shape, rng):
    def losses(length):
        largest = math.floor(magnitude * length)
        first, second = _integer(rng, 0, largest), _integer(rng, 0, largest)
        excess = max(0, first + second - (length - 1))
        back = max(excess - second, min(first, -(-excess // 2)))
        return first - back, second - (excess - back)

    top, bottom = losses(shape.height)
    left, right = losses(shape.width)
    return {"top": top, "right": right, "bottom": bottom, "left": left}


def _crop(image, rng, top, right, bottom, left):
    height, width = image.shape[:2]
    return _pixels(_resize_cubic(image[top : height - bottom, left : width - right], height, width))


def _draw_flip(magnitude, shape, rng):
    return {"flipped": _chance(rng, magnitude)}


def _horizontal_flip(image, rng, flipped):
    return image[:, ::-1] if flipped else image


def _vertical_flip(image, rng, flipped):
    return image[::-1] if flipped else image


def _rotate(image, rng, degrees):
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    return _warp(image, cos, sin, -sin, cos)


def _shear(image, rng, degrees):
    angle = math.radians(degrees)
    return _warp(image, 1, math.tan(angle), 0, 1 / math.cos(angle))


def _translate_x(image, rng, share):
    return _warp(image, 1, 0, 0, 1, shift_x=-share * image.shape[1])


def _translate_y(image, rng, share):
    return _warp(image, 1, 0, 0, 1, shift_y=-share * image.shape[0])


# --- Blur, sharpen, emboss.


def _kernel_size(sigma):
    factor = 3.3 if sigma < 3 else 2.9 if sigma < 5 else 2.6
    size = math.floor(max(5, factor * sigma))
    return size + 1 - size % 2


def _draw_blur(magnitude, shape, rng):
    sigma = _uniform(rng, 0, 25 * magnitude)
    if shape.scale == 1:
        return {"sigma": sigma}
    size = shape.scale * _kernel_size(sigma)
    return {"sigma": shape.scale * sigma, "size": max(3, 2 * math.floor((size - 1) / 2 + 0.5) + 1)}


def _blur(image, rng, sigma, size=None):
    if sigma < 1e-3:
        return image
    size = size or _kernel_size(sigma)
    kernel = np.exp(-((np.arange(size) - (size - 1) / 2) ** 2) / (2 * sigma * sigma))
    kernel = (kernel / kernel.sum()).astype(np.float32)
    values = image.astype(np.float32)
    if cv2 is not None:
        return _pixels(cv2.sepFilter2D(values, -1, kernel, kernel, borderType=cv2.BORDER_REFLECT_101))
    return _pixels(_blur_axis(_blur_axis(values, kernel, 0), kernel, 1))


def _blur_axis(values, kernel, axis):
    radius = len(kernel) // 2
    length = values.shape[axis]
    padding = [(0, 0)] * values.ndim
    padding[axis] = (radius, radius)
    padded = np.pad(values, padding, mode="reflect")
    if len(kernel) <= 63:
        parts = (weight * np.take(padded, range(k, k + length), axis) for k, weight in enumerate(kernel))
        return sum(parts)
    # The kernel is symmetrical, so that a correlation is a convolution.
    size = padded.shape[axis] + len(kernel) - 1
    shape = [1] * values.ndim
    shape[axis] = -1
    spectrum = np.fft.rfft(padded, size, axis) * np.fft.rfft(kernel, size).reshape(shape)
    full = np.fft.irfft(spectrum, size, axis)
    return np.take(full, range(2 * radius, 2 * radius + length), axis).astype(np.float32)


def _spacing(shape):
    return {} if shape.scale == 1 else {"spacing": shape.scale}


def _draw_sharpen(magnitude, shape, rng):
    alpha = rng.random()
    return {"alpha": alpha, "lightness": _uniform(rng, 0.5, 5 * magnitude), **_spacing(shape)}


def _sharpen(image, rng, alpha, lightness, spacing=1):
    kernel = np.full((3, 3), -alpha)
    kernel[1, 1] = 1 - alpha + alpha * (8 + lightness)
    return _convolve(image, kernel, spacing)


def _draw_emboss(magnitude, shape, rng):
    alpha = rng.random()
    return {"alpha": alpha, "strength": _uniform(rng, 0, 20 * magnitude), **_spacing(shape)}


def _emboss(image, rng, alpha, strength, spacing=1):
    side, corner = alpha * strength, alpha * (1 + strength)
    kernel = np.array([[-corner, -side, 0], [-side, 1, side], [0, side, corner]])
    return _convolve(image, kernel, spacing)


def _convolve(image, kernel, spacing):
    """With the kernel's neighbours `spacing` pixels apart. A kernel is not flipped."""
    if spacing > 1:
        return _convolve_grid(image, kernel, spacing)
    if spacing < 1:
        # Closer than a pixel: interpolated linearly.
        share = np.array([[spacing, 1 - spacing, 0], [0, 1, 0], [0, 1 - spacing, spacing]])
        kernel = share.T @ kernel @ share
    return _pixels(_filter3x3(image.astype(np.float32), kernel))


def _filter3x3(values, kernel):
    height, width = values.shape[:2]
    padded = np.pad(values, [(1, 1), (1, 1), (0, 0)], mode="reflect")
    return sum(
        np.float32(kernel[row, column]) * padded[row : row + height, column : column + width]
        for row in range(3)
        for column in range(3)
    )


def _convolve_grid(image, kernel, spacing):
    """Filters the means of a grid's cells, and enlarges the change; details smaller than a cell are kept."""
    height, width = image.shape[:2]
    high, wide = _grains(image, spacing)
    values = image.astype(np.float32)
    means = _area_means(_area_means(values, high).swapaxes(0, 1), wide).swapaxes(0, 1)
    gain = np.float32(kernel.sum())
    changes = np.clip(_filter3x3(means, kernel), -128, 383) - gain * means
    return _pixels(gain * values + _resize_cubic(changes, height, width))


def _area_means(values, cells):
    """Means over equal parts of the first axis; a value that belongs to two parts counts by its share."""
    length = len(values)
    sums = np.concatenate([np.zeros_like(values[:1], np.float64), np.cumsum(values, 0, np.float64)])
    edges = np.arange(cells + 1) * (length / cells)
    whole = np.minimum(edges.astype(np.int64), length - 1)
    share = _column(edges - whole, values.ndim)
    at = sums[whole] + share * (sums[whole + 1] - sums[whole])
    return (np.diff(at, axis=0) * (cells / length)).astype(np.float32)


# --- Noise.


def _draw_noise(magnitude, shape, rng):
    deviation = _uniform(rng, 0, 255 * magnitude)
    return {"standardDeviation": deviation, "perChannel": _chance(rng, 0.5), **shape.grain()}


def _noise(image, rng, standardDeviation, perChannel, grain=1):
    high, wide = _grains(image, grain)
    noise = rng.standard_normal((high, wide, 3 if perChannel else 1), np.float32)
    return _pixels(image + np.float32(standardDeviation) * _enlarge(noise, *image.shape[:2]))


def _draw_dropout(magnitude, shape, rng):
    share = _uniform(rng, 0.01, max(0.011, magnitude))
    return {"share": share, "perChannel": _chance(rng, 0.5), **shape.grain()}


def _dropout(image, rng, share, perChannel, grain=1):
    high, wide = _grains(image, grain)
    return _drop_cells(image, rng, share, high, wide, perChannel)


def _drop_cells(image, rng, share, gridHeight, gridWidth, perChannel):
    kept = rng.random((gridHeight, gridWidth, 3 if perChannel else 1), np.float32) >= share
    return image * _enlarge(kept, *image.shape[:2])


def _grid_side(share, side, shape):
    return min(side, max(4, math.floor(share * shape.judged_side(side))))


def _draw_coarse_dropout(magnitude, shape, rng):
    finest = min(1, max(0.05, math.log10(3 * magnitude) if magnitude > 0 else 0))
    return {
        "share": _uniform(rng, 0.03, 0.15),
        "gridHeight": _grid_side(_uniform(rng, 0.3, finest), shape.height, shape),
        "gridWidth": _grid_side(_uniform(rng, 0.3, finest), shape.width, shape),
        "perChannel": _chance(rng, 0.2),
    }


def _draw_salt_pepper(magnitude, shape, rng):
    return {
        "share": 0.2,
        "gridHeight": _grid_side(magnitude, shape.height, shape),
        "gridWidth": _grid_side(magnitude, shape.width, shape),
        "perChannel": False,
        **shape.grain(),
    }


def _salt_pepper(image, rng, share, gridHeight, gridWidth, perChannel, grain=1):
    height, width = image.shape[:2]
    hit = _enlarge(rng.random((gridHeight, gridWidth, 1), np.float32) < share, height, width)
    # The arcsine distribution: most values are near 0 or 255.
    grains = _pixels(255 * np.sin(np.pi / 2 * rng.random((*_grains(image, grain), 1))) ** 2)
    return np.where(hit, _enlarge(grains, height, width), image)


# --- Values.


def _draw_gamma(magnitude, shape, rng):
    return {"gamma": 1.75 * magnitude}


def _gamma(image, rng, gamma):
    return _pixels(255 * (np.arange(256) / 255) ** gamma)[image]


def _draw_brighten(magnitude, shape, rng):
    def draw():
        return math.floor(_uniform(rng, -40 * magnitude, 40 * magnitude) + 0.5)

    per_channel = _chance(rng, 0.5)
    red = draw()
    return {"added": [red, draw(), draw()] if per_channel else [red, red, red]}


def _brighten(image, rng, added):
    return np.clip(image.astype(np.int16) + np.array(added, np.int16), 0, 255).astype(np.uint8)


def _draw_nothing(magnitude, shape, rng):
    return {}


def _invert(image, rng):
    return 255 - image


def _draw_hue(magnitude, shape, rng):
    largest = math.floor(45 * magnitude)
    return {"added": _integer(rng, -largest, largest)}


def _add_to_hue_and_saturation(image, rng, added):
    """OpenCV's arithmetic for uint8: hue in half degrees, 0 to 179; saturation and value 0 to 255."""

    def reciprocal(x, scale):
        quotient = np.float32(scale) / np.maximum(x, 1).astype(np.float32)
        return np.where(x == 0, 0, np.rint(quotient).astype(np.int32))

    red, green, blue = np.moveaxis(image.astype(np.int32), 2, 0)
    value = np.maximum(np.maximum(red, green), blue)
    spread = value - np.minimum(np.minimum(red, green), blue)
    saturation = (spread * reciprocal(value, 255 << 12) + 2048) >> 12
    of_blue = red - green + 4 * spread
    sextant = np.where(value == green, blue - red + 2 * spread, of_blue)
    sextant = np.where(value == red, green - blue, sextant)
    hue = (sextant * reciprocal(spread, 30 << 12) + 2048) >> 12
    hue = (hue + added) % 180
    saturation = np.clip(saturation + added, 0, 255)
    s = saturation.astype(np.float32) * np.float32(1 / 255)
    v = value.astype(np.float32) * np.float32(1 / 255)
    turned = hue.astype(np.float32) * np.float32(6 / 180)
    sector = np.floor(turned).astype(np.int32)
    part = turned - sector.astype(np.float32)
    one = np.float32(1)
    low = np.rint(v * (one - s) * np.float32(255)).astype(np.int32)
    # The third colour rises through the even sectors and falls through the odd ones.
    part = np.where(sector % 2 == 1, part, one - part)
    third = np.rint(v * (one - s * part) * np.float32(255)).astype(np.int32)
    new_red = np.choose(sector, [value, third, low, low, third, value])
    new_green = np.choose(sector, [third, value, value, third, low, low])
    new_blue = np.choose(sector, [low, low, third, value, value, third])
    return np.stack([new_red, new_green, new_blue], 2).astype(np.uint8)


# --- Fog and clouds: layers of frequency noise.

_FOG = {
    "intensityMean": (220, 255),
    "intensityExponent": (-2, -1.5),
    "intensityDeviation": 2,
    "alphaLeast": (0.7, 0.9),
    "alphaFactor": (0.3, 0.3),
    "alphaSide": (2, 8),
    "alphaExponent": (-4, -2),
    "sparsity": (0.9, 0.9),
    "density": (0.4, 0.9),
}
_LARGE_CLOUDS = {
    "intensityMean": (196, 255),
    "intensityExponent": (-2.5, -2),
    "intensityDeviation": 10,
    "alphaLeast": (0, 0),
    "alphaFactor": (0.25, 0.75),
    "alphaSide": (2, 8),
    "alphaExponent": (-2.5, -2),
    "sparsity": (0.8, 1),
    "density": (0.5, 1),
}
_SMALL_CLOUDS = {
    "intensityMean": (196, 255),
    "intensityExponent": (-2, -1),
    "intensityDeviation": 10,
    "alphaLeast": (0, 0),
    "alphaFactor": (0.5, 1),
    "alphaSide": (64, 128),
    "alphaExponent": (-2, -1),
    "sparsity": (1, 1.4),
    "density": (0.8, 1.5),
}


def _draw_layer(ranges, shape, rng):
    layer = {
        name: _uniform(rng, *ranges[name]) if isinstance(ranges[name], tuple) else ranges[name]
        for name in ranges
        if name != "alphaSide"
    }
    layer["alphaSide"] = _integer(rng, *ranges["alphaSide"])
    if shape.scale > 1:
        side = shape.judged_side(max(shape.height, shape.width))
        layer["alphaSide"] = min(layer["alphaSide"], side)
        layer["intensitySide"] = side
    return layer


def _draw_fog(magnitude, shape, rng):
    return {"layers": [_draw_layer(_FOG, shape, rng)]}


def _draw_clouds(magnitude, shape, rng):
    if _chance(rng, 0.5):
        kinds = [_LARGE_CLOUDS, _SMALL_CLOUDS]
    else:
        kinds = [_LARGE_CLOUDS if _chance(rng, 0.5) else _SMALL_CLOUDS]
    return {"layers": [_draw_layer(ranges, shape, rng) for ranges in kinds]}


def _weather(image, rng, layers):
    for layer in layers:
        image = _blend_layer(image, rng, layer)
    return image


def _blend_layer(image, rng, layer):
    height, width = image.shape[:2]
    coarse = _resize_cubic(rng.standard_normal((8, 8)) * layer["intensityDeviation"], height, width)
    side = layer.get("intensitySide")
    more = 0 if side is None else 1e-6
    largest = max(height, width) if side is None else side
    fine = np.clip(_frequency_noise(height, width, layer["intensityExponent"], largest + more, rng), 0, 1)
    mask = np.clip(_frequency_noise(height, width, layer["alphaExponent"], layer["alphaSide"] + more, rng), 0, 1)
    mean = layer["intensityMean"]
    intensity = np.clip(mean + coarse + mean * (2 * fine - 1) / 5, 0, 255)
    opaque = np.maximum(layer["alphaLeast"] + layer["alphaFactor"] * mask, 1e-20)
    alpha = np.minimum(1, layer["density"] * opaque ** layer["sparsity"])
    return _pixels(image + alpha[:, :, None] * (intensity[:, :, None] - image))


def _frequency_noise(height, width, exponent, largest_side, rng):
    """A plane in [0, 1] whose spectrum is a power of the frequency, made on a grid of `largest_side` and enlarged."""
    longer = max(height, width)
    share = largest_side / longer if longer > largest_side else 1
    high, wide = (_smooth_length(max(4, math.floor(side * share))) for side in (height, width))
    rows, columns = (np.minimum(np.arange(side), side - np.arange(side)) for side in (high, wide))
    square = np.maximum(rows[:, None] ** 2 + columns**2, 1)
    amplitude = square ** (exponent / 2) * rng.random((high, wide))
    phase = 2 * np.pi * rng.random((high, wide))
    spectrum = amplitude * (np.cos(phase) + 1j * np.cos(phase) * np.sin(phase))
    spectrum[0, 0] = 0
    plane = np.fft.ifft2(spectrum).real
    low, high_value = plane.min(), plane.max()
    plane = (plane - low) / (high_value - low) if high_value > low else np.zeros_like(plane)
    return plane if plane.shape == (height, width) else _resize_cubic(plane, height, width)


def _smooth_length(length):
    """The largest whole number up to `length` without a prime factor above 7."""
    while True:
        rest = length
        for prime in (2, 3, 5, 7):
            while rest % prime == 0:
                rest //= prime
        if rest == 1:
            return length
        length -= 1


# --- Pillow's operations, as TrivialAugment and RandAugment use them.


def _grey(image):
    red, green, blue = np.moveaxis(image.astype(np.int64), 2, 0)
    return (red * 19595 + green * 38470 + blue * 7471 + 0x8000) >> 16


def _move(start, image, factor):
    """From a degenerate image towards the image, or beyond it; truncated."""
    start = np.asarray(start).astype(np.float32)
    moved = start + np.float32(factor) * (image.astype(np.float32) - start)
    return np.clip(np.floor(moved), 0, 255).astype(np.uint8)


def _draw_enhancement(magnitude, shape, rng):
    return {"factor": 1 + (-1 if _chance(rng, 0.5) else 1) * 0.99 * magnitude}


def _brightness(image, rng, factor):
    return _move(0, image, factor)


def _contrast(image, rng, factor):
    return _move(math.floor(_grey(image).mean() + 0.5), image, factor)


def _color(image, rng, factor):
    return _move(_grey(image)[:, :, None], image, factor)


def _sharpness(image, rng, factor):
    smooth = image.copy()
    height, width = image.shape[:2]
    if height >= 3 and width >= 3:
        values = image.astype(np.float32)
        parts = (values[row : height - 2 + row, column : width - 2 + column] for row in range(3) for column in range(3))
        smooth[1:-1, 1:-1] = np.rint((sum(parts) + 4 * values[1:-1, 1:-1]) / 13)
    return _move(smooth, image, factor)


def _draw_posterize(magnitude, shape, rng):
    return {"bits": 8 - math.floor(6 * magnitude + 0.5)}


def _posterize(image, rng, bits):
    return image & np.uint8(256 - (1 << (8 - bits)))


def _draw_solarize(magnitude, shape, rng):
    return {"threshold": 255 * (1 - magnitude)}


def _solarize(image, rng, threshold):
    return np.where(image >= threshold, 255 - image, image)


def _by_channel(image, table_of):
    return np.stack([table_of(image[:, :, channel])[image[:, :, channel]] for channel in range(3)], 2)


def _autocontrast(image, rng):
    def table_of(channel):
        low, high = int(channel.min()), int(channel.max())
        values = np.arange(256)
        if high <= low:
            return values.astype(np.uint8)
        scale = 255 / (high - low)
        return np.clip((values * scale + -low * scale).astype(np.int64), 0, 255).astype(np.uint8)

    return _by_channel(image, table_of)


def _equalize(image, rng):
    def table_of(channel):
        counts = np.bincount(channel.ravel(), minlength=256)
        step = (channel.size - counts[counts.nonzero()[0][-1]]) // 255
        if step == 0:
            return np.arange(256, dtype=np.uint8)
        sums = step // 2 + np.concatenate([[0], np.cumsum(counts)[:-1]])
        return np.minimum(255, sums // step).astype(np.uint8)

    return _by_channel(image, table_of)


def _draw_shear(magnitude, shape, rng):
    return {"factor": (-1 if _chance(rng, 0.5) else 1) * 0.99 * magnitude}


def _warp_nearest(image, xx, xy, shift_x, yx, yy, shift_y):
    """Pillow's affine map of pixel centres, in fixed point: the nearest pixel, black outside."""

    def fixed(x):
        return math.floor(x * 65536 + 0.5)

    height, width = image.shape[:2]
    x, y = np.arange(width), np.arange(height)[:, None]
    source_x = (fixed(xx) * x + fixed(xy) * y + fixed(shift_x + xx * 0.5 + xy * 0.5)) >> 16
    source_y = (fixed(yx) * x + fixed(yy) * y + fixed(shift_y + yx * 0.5 + yy * 0.5)) >> 16
    inside = (source_x >= 0) & (source_x < width) & (source_y >= 0) & (source_y < height)
    result = np.zeros_like(image)
    result[inside] = image[source_y[inside], source_x[inside]]
    return result


def _through_degrees(factor):
    """torchvision passes a shear's factor on as an angle in degrees."""
    return math.tan(math.radians(math.degrees(math.atan(factor))))


def _shear_x(image, rng, factor):
    return _warp_nearest(image, 1, _through_degrees(factor), 0, 0, 1, 0)


def _shear_y(image, rng, factor):
    return _warp_nearest(image, 1, 0, 0, _through_degrees(factor), 1, 0)


def _rotate_nearest(image, rng, degrees):
    angle = -math.radians(degrees % 360)
    cos, sin = round(math.cos(angle), 15), round(math.sin(angle), 15)
    x, y = image.shape[1] / 2, image.shape[0] / 2
    return _warp_nearest(image, cos, sin, cos * -x + sin * -y + x, -sin, cos, -sin * -x + cos * -y + y)


def _shift(image, rng, right=0, down=0):
    height, width = image.shape[:2]
    result = np.zeros_like(image)
    if abs(right) < width and abs(down) < height:
        moved = image[max(0, -down) : height - max(0, down), max(0, -right) : width - max(0, right)]
        result[max(0, down) : height + min(0, down), max(0, right) : width + min(0, right)] = moved
    return result


# --- What a technique draws for an image, and how an operation with drawn parameters is rendered.


def _draw_angle(degrees):
    return lambda magnitude, shape, rng: {"degrees": _uniform(rng, -degrees * magnitude, degrees * magnitude)}


def _draw_share(magnitude, shape, rng):
    return {"share": _uniform(rng, -magnitude, magnitude)}


TECHNIQUES = {
    "crop": (_draw_crop, _crop),
    "gaussian-blur": (_draw_blur, _blur),
    "rotate": (_draw_angle(180), _rotate),
    "shear": (_draw_angle(90), _shear),
    "translate-x": (_draw_share, _translate_x),
    "translate-y": (_draw_share, _translate_y),
    "sharpen": (_draw_sharpen, _sharpen),
    "emboss": (_draw_emboss, _emboss),
    "additive-gaussian-noise": (_draw_noise, _noise),
    "dropout": (_draw_dropout, _dropout),
    "coarse-dropout": (_draw_coarse_dropout, _drop_cells),
    "gamma-contrast": (_draw_gamma, _gamma),
    "brighten": (_draw_brighten, _brighten),
    "invert": (_draw_nothing, _invert),
    "fog": (_draw_fog, _weather),
    "clouds": (_draw_clouds, _weather),
    "add-to-hue-and-saturation": (_draw_hue, _add_to_hue_and_saturation),
    "coarse-salt-pepper": (_draw_salt_pepper, _salt_pepper),
    "horizontal-flip": (_draw_flip, _horizontal_flip),
    "vertical-flip": (_draw_flip, _vertical_flip),
    "shear-x": (_draw_shear, _shear_x),
    "shear-y": (_draw_shear, _shear_y),
    "brightness": (_draw_enhancement, _brightness),
    "color": (_draw_enhancement, _color),
    "contrast": (_draw_enhancement, _contrast),
    "sharpness": (_draw_enhancement, _sharpness),
    "posterize": (_draw_posterize, _posterize),
    "solarize": (_draw_solarize, _solarize),
    "autocontrast": (_draw_nothing, _autocontrast),
    "equalize": (_draw_nothing, _equalize),
}


# --- Recipes: flip, flip-crop, TrivialAugmentWide and RandAugment as in torchvision.


def _bin_magnitude(start, end, place):
    """torch.linspace(start, end, 31)[place]."""
    start, end = np.float32(start), np.float32(end)
    step = float(np.float32((end - start) / np.float32(30)))
    return float(np.float32(float(start) + step * place if place < 15 else float(end) - step * (30 - place)))


def _draw_pillow_operation(wide, shape, rng):
    """One of 14 operations: TrivialAugment's in any of 31 bins if `wide`, else RandAugment's in bin 9 of 30."""
    name = _PILLOW_NAMES[_integer(rng, 0, 13)]
    place = _integer(rng, 0, 30) if wide else 9
    sign = -1 if _chance(rng, 0.5) else 1

    def signed(trivial, rand):
        return sign * _bin_magnitude(0, trivial if wide else rand, place)

    if name == "Identity":
        return []
    if name == "ShearX":
        return [(_shear_x, {"factor": signed(0.99, 0.3)})]
    if name == "ShearY":
        return [(_shear_y, {"factor": signed(0.99, 0.3)})]
    if name == "TranslateX":
        return [(_shift, {"right": math.trunc(signed(32, 150 / 331 * shape.width))})]
    if name == "TranslateY":
        return [(_shift, {"down": math.trunc(signed(32, 150 / 331 * shape.height))})]
    if name == "Rotate":
        return [(_rotate_nearest, {"degrees": signed(135, 30)})]
    if name in _ENHANCERS:
        return [(_ENHANCERS[name], {"factor": 1 + signed(0.99, 0.9)})]
    if name == "Posterize":
        lost = np.float32(place / np.float32(30 / (6 if wide else 4)))
        return [(_posterize, {"bits": 8 - int(np.rint(lost))})]
    if name == "Solarize":
        return [(_solarize, {"threshold": _bin_magnitude(255, 0, place)})]
    return [(_autocontrast if name == "AutoContrast" else _equalize, {})]


_ENHANCERS = {"Brightness": _brightness, "Color": _color, "Contrast": _contrast, "Sharpness": _sharpness}
_PILLOW_NAMES = ["Identity", "ShearX", "ShearY", "TranslateX", "TranslateY", "Rotate", *_ENHANCERS]
_PILLOW_NAMES += ["Posterize", "Solarize", "AutoContrast", "Equalize"]


def _draw_recipe(name, shape, rng):
    drawn = []
    for single in name.split("+"):
        if single in ("flip", "flip-crop"):
            drawn.append((_horizontal_flip, {"flipped": _chance(rng, 0.5)}))
        if single in ("crop", "flip-crop"):
            right, down = (_integer(rng, -padding, padding) for padding in _paddings(shape))
            drawn.append((_shift, {"right": right, "down": down}))
        if single == "trivialaugment":
            drawn += _draw_pillow_operation(True, shape, rng)
        if single == "randaugment":
            drawn += _draw_pillow_operation(False, shape, rng) + _draw_pillow_operation(False, shape, rng)
    return drawn


def _paddings(shape):
    return math.floor(shape.width / 8 + 0.5), math.floor(shape.height / 8 + 0.5)


# --- Policies.


class Augmentation:
    """What the specification says, for one image after another.

    `scale`: whether techniques that count in pixels scale with the image's side, relative to that of the judged images.
    """

    def __init__(self, specification, scale=True):
        self.recipe = specification.get("recipe")
        self.policies = specification["policies"]
        self.judged = specification.get("judgedShape") if scale else None

    def __call__(self, image, rng):
        """The augmented image. `image`: uint8 [height, width, 3], RGB; `rng`: a numpy.random.Generator."""
        shape = self._shape_of(image)
        drawn = _draw_recipe(self.recipe, shape, rng) if self.recipe else []
        if self.policies:
            policy = self.policies[_integer(rng, 0, len(self.policies) - 1)]
            drawn += (self._draw_redrawn if policy.get("redrawn") else self._draw_element)(policy, shape, rng)
        return self._render(image, drawn, rng)

    def copy(self, image, policy, chain, rng):
        """A copy as the search added it: the image after this chain of this policy (and its base)."""
        shape = self._shape_of(image)
        return self._render(image, self._draw_base(policy, shape, rng) + self._draw_chain(policy, chain, shape, rng), rng)

    def _shape_of(self, image):
        if not (isinstance(image, np.ndarray) and image.dtype == np.uint8 and image.ndim == 3 and image.shape[2] == 3):
            found = f"{image.dtype} {list(image.shape)}" if isinstance(image, np.ndarray) else type(image).__name__
            raise ValueError(f"expected an image of uint8 [height, width, 3], but got {found}; augment before normalizing")
        return _Shape(image.shape[0], image.shape[1], self.judged)

    def _draw_redrawn(self, policy, shape, rng):
        """The base; then, with the portion as probability, one chain, or each chain with its own chance."""
        drawn = self._draw_base(policy, shape, rng)
        if not _chance(rng, policy["portion"]):
            return drawn
        chances = policy.get("chances")
        if chances is None:
            chains = [self.draw_chain_index(policy, rng)]
        else:
            chains = [chain for chain, chance in enumerate(chances) if _chance(rng, chance)]
        return drawn + [operation for chain in chains for operation in self._draw_chain(policy, chain, shape, rng)]

    def _draw_element(self, policy, shape, rng):
        """An element of the originals and copies that the search trained on: an original, or a copy of one chain."""
        copies = policy["portion"] * (1 if "weights" in policy else len(policy["chains"]))
        if _chance(rng, 1 / (1 + copies)):
            return []
        chain = self.draw_chain_index(policy, rng)
        return self._draw_base(policy, shape, rng) + self._draw_chain(policy, chain, shape, rng)

    @staticmethod
    def draw_chain_index(policy, rng):
        """In proportion to the weights, if the policy has some."""
        weights = np.array(policy.get("weights", [1] * len(policy["chains"])), float)
        return int(rng.choice(len(weights), p=weights / weights.sum()))

    @staticmethod
    def _draw_base(policy, shape, rng):
        return _draw_recipe(policy["base"], shape, rng) if policy.get("base") else []

    @staticmethod
    def _draw_chain(policy, chain, shape, rng):
        drawn = []
        for operation in policy["chains"][chain]:
            draw, render = TECHNIQUES[operation["type"]]
            magnitude = operation["magnitude"]
            if policy.get("magnitudes") == "drawn":
                magnitude = _uniform(rng, 0, magnitude)
            drawn.append((render, draw(magnitude, shape, rng)))
        return drawn

    @staticmethod
    def _render(image, drawn, rng):
        for render, parameters in drawn:
            image = render(image, rng, **parameters)
        return np.ascontiguousarray(image)
