def _to_rgb(image):
    """An image of one channel or three as one of three."""
    return np.ascontiguousarray(np.repeat(image, 3, 2) if image.ndim == 3 and image.shape[2] == 1 else image)


def _to_channels(image, channels):
    """An image of three channels as one of one or three: grey as in Pillow."""
    return _grey(image).astype(np.uint8)[:, :, None] if channels == 1 else image
