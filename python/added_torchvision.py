class AddedDataset(torch.utils.data.Dataset):
    """A dataset of (image, label) followed by the copies that the search added to it, drawn once.

    dataset: with `len` and indices; its images as for DeepAugment. transform: applied to originals and copies afterwards.
    """

    def __init__(self, dataset, transform=None, seed=0, scale=True):
        self._dataset = dataset
        self._transform = transform
        self._copies = AddedCopies(len(dataset), seed, scale)

    def __len__(self):
        return len(self._copies)

    def __getitem__(self, index):
        if not 0 <= index < len(self):
            raise IndexError(index)
        image, *labels = self._dataset[self._copies.source(index)]
        if index >= self._copies.count:
            image = _augment_any(image, lambda original: self._copies.image(index, original))
        return (self._transform(image) if self._transform else image, *labels)
