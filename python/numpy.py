class DeepAugment:
    """Augments images of uint8 [height, width, 3], RGB: `DeepAugment(seed=0)(image)`.

    seed: a whole number; the same seed gives the same images in the same order. None: others in every run.
    scale: whether techniques that count in pixels scale with the image's side, relative to that of the judged images.
    """

    def __init__(self, seed=None, scale=True):
        self._augmentation = Augmentation(SPECIFICATION, scale)
        self._rng = np.random.default_rng(seed)

    def __call__(self, image):
        return self._augmentation(image, self._rng)

    def batch(self, images):
        """Images [count, height, width, 3], each augmented."""
        return np.stack([self(image) for image in images])
