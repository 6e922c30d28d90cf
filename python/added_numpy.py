def with_copies(images, labels, seed=0, scale=True):
    """Images of uint8 [count, height, width, 3] and their labels [count, ...], followed by the copies with theirs."""
    copies = AddedCopies(len(images), seed, scale)
    sources = [copies.source(index) for index in range(len(copies))]
    augmented = [copies.image(index, images[source]) for index, source in enumerate(sources)]
    return np.stack(augmented), np.asarray(labels)[sources]
