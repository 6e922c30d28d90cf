// The frameworks for which policies are exported: each has a thin wrapper around the same operations in numpy.

import type { ReadAsset } from "../common/assets.ts";

export const FRAMEWORKS = ["albumentations", "torchvision", "keras", "numpy"] as const;

export type Framework = (typeof FRAMEWORKS)[number];

/** The name under which the exported module is imported. */
export const MODULE = "deepaugment_policy";

interface Wrapper {
  /** The parts of the module, in order. */
  readonly parts: readonly PythonPart[];
  /** How it is used, in lines of Python. */
  readonly usage: readonly string[];
}

export type PythonPart = Extract<ReadAsset, `deepaugment/python/${string}`>;

interface Export {
  /** Images that are augmented anew whenever they are used. */
  readonly redrawn: Wrapper;
  /** The originals with copies, as the search trained on them. */
  readonly added: Wrapper;
}

const OPERATIONS = "deepaugment/python/operations.py";
const CHANNELS = "deepaugment/python/channels.py";
const ADDED = "deepaugment/python/added.py";
const WITH_COPIES = "deepaugment/python/added_numpy.py";

/** Arrays fit every framework that has no form of a dataset with random access of its own. */
const ADDED_ARRAYS: Wrapper = {
  parts: [OPERATIONS, ADDED, WITH_COPIES],
  usage: [`from ${MODULE} import with_copies`, "images, labels = with_copies(images, labels)"],
};

export const EXPORTS: Readonly<Record<Framework, Export>> = {
  albumentations: {
    redrawn: {
      parts: [OPERATIONS, CHANNELS, "deepaugment/python/albumentations.py"],
      usage: [`from ${MODULE} import DeepAugment`, "transform = A.Compose([DeepAugment(), A.Normalize()])"],
    },
    added: ADDED_ARRAYS,
  },
  torchvision: {
    redrawn: {
      parts: [OPERATIONS, CHANNELS, "deepaugment/python/torchvision.py"],
      usage: [
        `from ${MODULE} import DeepAugment`,
        "transform = v2.Compose([v2.ToImage(), DeepAugment(), v2.ToDtype(torch.float32, scale=True)])",
      ],
    },
    added: {
      parts: [
        OPERATIONS,
        CHANNELS,
        "deepaugment/python/torchvision.py",
        ADDED,
        "deepaugment/python/added_torchvision.py",
      ],
      usage: [`from ${MODULE} import AddedDataset`, "dataset = AddedDataset(dataset, transform=transform)"],
    },
  },
  keras: {
    redrawn: {
      parts: [OPERATIONS, CHANNELS, "deepaugment/python/keras.py"],
      usage: [
        `from ${MODULE} import AugmentedDataset`,
        "model.fit(AugmentedDataset(images, labels, batch_size=64), epochs=50)",
      ],
    },
    added: ADDED_ARRAYS,
  },
  numpy: {
    redrawn: {
      parts: [OPERATIONS, "deepaugment/python/numpy.py"],
      usage: [`from ${MODULE} import DeepAugment`, "image = DeepAugment(seed=0)(image)"],
    },
    added: ADDED_ARRAYS,
  },
};
