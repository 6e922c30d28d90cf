// The names of the datasets that are fetched. How they are obtained is in `dataset/named/`; the names are here because
// configurations and the command line use them too.

export const DATASET_NAMES = ["cifar10", "cifar100", "fashion_mnist", "mnist"] as const;

export type DatasetName = (typeof DATASET_NAMES)[number];
