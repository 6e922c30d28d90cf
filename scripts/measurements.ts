// The searches and evaluations that `npm run measure` runs.

/** Begins an option that names a search of the list, and stands for its folder. */
export const SEARCH = "search:";

const POLICY = ["--policy", "configs/policies/cifar10-60-trials.json"];
/** Small batches, since at least 50 of them measure the moments. */
const TRIED = ["--set", "save_weights=false", "--set", "batch_size=32"];
const ORIGINAL = ["optimize", "--config", "configs/cifar10.yaml", "--set", "opt_samples=1"];
const RECIPES = "none,flip,flip-crop,trivialaugment,randaugment";
const ARMS = "none,flip-crop,trivialaugment,flip-crop+top-policies";

/**
 * Data of different nature, with the number of training images, a batch size with which the larger network takes as many steps on
 * each, the epochs of a search's child, and the recipe that searches find the best.
 */
const DATA = {
  cifar10: { size: "2000", batch: "128", epochs: "50", best: "flip+randaugment" },
  fashion_mnist: { size: "1000", batch: "64", epochs: "100", best: "flip+randaugment" },
  mnist: { size: "500", batch: "32", epochs: "200", best: "crop+randaugment" },
};
const BUDGETS = ["20m", "1h"];
const SEEDS = ["0", "1", "2"];
const METHODS = { "": [], "random-": ["--set", "method=random"] };

/** The larger network is trained as usual, the small one as a child of a search. */
const MODELS: Readonly<Record<string, (batch: string) => string[]>> = {
  basiccnn: () => [],
  wrn_16_2: (batch) => ["--recipe", "sgd", "--epochs", "60", "--set", `batch_size=${batch}`],
};

/** Searches within a budget, and what their best policies are worth with each model, beside recipes, and with the child beside the best. */
function budgeted(): Record<string, string[]> {
  const all: Record<string, string[]> = {};
  for (const [data, { size, batch, epochs, best }] of Object.entries(DATA)) {
    const searches = Object.entries(METHODS).flatMap(([method, options]) =>
      BUDGETS.flatMap((budget) =>
        SEEDS.map((seed) => ({
          name: `${method}${budget}-${data}-${seed}`,
          seed,
          options: ["--budget", budget, "--seed", seed, ...options],
        })),
      ),
    );
    for (const { name, seed, options } of searches) {
      all[name] = ["optimize", "--data", data, "--set", `train_set_size=${size}`, ...options];
      // The same images, weights and order as in the search's own evaluation.
      const training = ["--train-size", size, "--epochs", epochs, "--seed", seed, "--samples", "7"];
      all[`${name}-best-recipe`] = [
        ...["evaluate", "--experiment", `${SEARCH}${name}`, ...training, "--arms", `${best},policy`],
      ];
    }
    for (const [model, recipe] of Object.entries(MODELS)) {
      const evaluate = ["evaluate", "--data", data, "--train-size", size, "--model", model, ...recipe(batch)];
      all[`recipes-${data}-${model}`] = [...evaluate, "--arms", RECIPES];
      all[`pairs-${data}-${model}`] = [...evaluate, "--arms", `${best},flip-crop+randaugment`];
      for (const { name } of searches) {
        all[`${name}-${model}`] = [...evaluate, "--policy", `${SEARCH}${name}`, "--arms", "policy"];
      }
    }
  }
  return all;
}

/** The parts of a policy's form, each alone and together. */
const ABLATION = [
  ...["original", "redraw", "mixture", "magnitudes", "base"],
  ...["mixture-redraw", "mixture-redraw-magnitudes", "all"],
];

/** Policies of the same techniques in several forms, on the same images, beside no augmentation and the base alone. */
function ablation(): Record<string, string[]> {
  const evaluate = [
    "evaluate",
    "--data",
    "cifar10",
    "--train-size",
    "2000",
    "--model",
    "wrn_10_1",
    "--epochs",
    "50",
  ];
  const forms = ABLATION.map((form) => [
    `ablation-${form}`,
    [...evaluate, "--policy", `configs/policies/ablation/${form}.json`, "--arms", "policy"],
  ]);
  return { "ablation-recipes": [...evaluate, "--arms", "none,flip"], ...Object.fromEntries(forms) };
}

/** The command of each, without the folder of the results; options that begin with `SEARCH` mean the folder of another. */
export const MEASUREMENTS: Readonly<Record<string, readonly string[]>> = {
  "cifar10-wrn_16_2": [
    ...["evaluate", ...POLICY, "--data", "cifar10", "--train-size", "2000", "--samples", "5"],
    ...["--model", "wrn_16_2", "--recipe", "sgd", "--epochs", "30"],
  ],
  "cifar10-wrn_16_2-50000": [
    ...["evaluate", ...POLICY, "--data", "cifar10", "--samples", "1", "--arms", ARMS],
    ...["--model", "wrn_16_2", "--recipe", "sgd", "--epochs", "4"],
  ],
  "cifar10-wrn_28_10": [
    ...["evaluate", "--config", "configs/evaluate-wrn-28-10.yaml", "--epochs", "2"],
    ...["--arms", "flip-crop+top-policies", "--train-size", "500", ...TRIED],
  ],
  "60-trials-cifar10": [...ORIGINAL, "--iterations", "60"],
  // About half an hour on two cores with AVX2.
  "12-trials-cifar10": [
    ...ORIGINAL,
    "--iterations",
    "12",
    "--set",
    "confirm_top=1",
    "--set",
    "confirm_samples=3",
  ],
  ...budgeted(),
  ...ablation(),
};
