class AddedCopies:
    """The images that the search trained on: the originals, then each policy's copies, drawn once.

    count: number of originals; seed: the same seed gives the same copies.
    """

    def __init__(self, count, seed=0, scale=True):
        self.count = count
        self._seed = seed
        self._augmentation = Augmentation(SPECIFICATION, scale)
        self._copies = []
        for place, policy in enumerate(self._augmentation.policies):
            rng = np.random.default_rng([seed, place])
            drawn = rng.permutation(count)[: math.floor(policy["portion"] * count + 0.5)]
            for chain in [None] if "weights" in policy else range(len(policy["chains"])):
                for index in drawn:
                    used = self._augmentation.draw_chain_index(policy, rng) if chain is None else chain
                    self._copies.append((int(index), policy, used))

    def __len__(self):
        return self.count + len(self._copies)

    def source(self, index):
        """The index of the original of element `index`."""
        return index if index < self.count else self._copies[index - self.count][0]

    def image(self, index, original):
        """Element `index`, from its original: uint8 [height, width, 3]."""
        if index < self.count:
            return original
        _, policy, chain = self._copies[index - self.count]
        rng = np.random.default_rng([self._seed, 1, index])
        return self._augmentation.copy(original, policy, chain, rng)
