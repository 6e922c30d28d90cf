import keras


class AugmentedDataset(keras.utils.PyDataset):
    """Batches of a training set for `model.fit`, with images that are augmented anew in every epoch.

    images: uint8 [count, height, width, 3 or 1]; labels: [count, ...]. The batches have images of uint8 too: let the model
    rescale them. seed: the same seed gives the same batches, with any number of workers. None: from
    keras.utils.set_random_seed, or others in every run. scale: whether techniques that count in pixels scale with the
    image's side, relative to that of the judged images. Other arguments are those of PyDataset, such as workers.
    """

    def __init__(self, images, labels, batch_size=32, shuffle=True, seed=None, scale=True, **kwargs):
        super().__init__(**kwargs)
        if len(images) != len(labels):
            raise ValueError(f"there are {len(images)} images, but {len(labels)} labels")
        self._images, self._labels = images, np.asarray(labels)
        self._batch_size, self._shuffle = batch_size, shuffle
        self._seed = int(np.random.randint(2**31)) if seed is None else seed
        self._augmentation = Augmentation(SPECIFICATION, scale)
        self._epoch = 0

    def __len__(self):
        return -(-len(self._images) // self._batch_size)

    def __getitem__(self, index):
        count = len(self._images)
        rng = np.random.default_rng([self._seed, self._epoch])
        order = rng.permutation(count) if self._shuffle else np.arange(count)
        chosen = order[index * self._batch_size : (index + 1) * self._batch_size]
        return np.stack([self._augmented(int(i)) for i in chosen]), self._labels[chosen]

    def _augmented(self, index):
        image = np.asarray(self._images[index])
        rng = np.random.default_rng([self._seed, self._epoch, 1 + index])
        return _to_channels(self._augmentation(_to_rgb(image), rng), image.shape[2])

    def on_epoch_end(self):
        self._epoch += 1
