# Runs other libraries' optimizers over standard input and output, with one JSON object per line. `regret.ts` starts it as
# python3 peers.py METHOD. It first writes {"version": ...} or {"missing": MODULE}, then answers every line:
#   {"start": SEED, "dimensions": [...]}   begins a new search   {}
#   {"ask": true}                          the next point        {"point": [...]}
#   {"tell": REWARD, "point": [...]}       the reward found      {}
# Rewards arrive in the order in which their points were requested; greater rewards are better.

import json
import os
import sys
import warnings

for threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[threads] = "1"
warnings.filterwarnings("ignore")


class Skopt:
    """scikit-optimize as the original DeepAugment used it: random forest, expected improvement."""

    def __init__(self):
        import skopt

        self.skopt = skopt
        self.version = f"scikit-optimize {skopt.__version__}"

    def start(self, seed, dimensions):
        space = self.skopt.space
        self.optimizer = self.skopt.Optimizer(
            [
                space.Categorical(list(range(d["choices"])), name=d["name"])
                if d["kind"] == "category"
                else space.Real(d["low"], d["high"], name=d["name"])
                for d in dimensions
            ],
            base_estimator="RF",
            acq_func="EI",
            n_initial_points=10,
            random_state=seed,
        )

    def ask(self):
        return [x.item() if hasattr(x, "item") else x for x in self.optimizer.ask()]

    def tell(self, point, reward):
        self.optimizer.tell(point, -reward)


class Optuna:
    """Optuna's tree-structured Parzen estimator, its default sampler; `multivariate` None: as its version does it."""

    def __init__(self, multivariate):
        import optuna

        optuna.logging.set_verbosity(optuna.logging.ERROR)
        self.optuna = optuna
        self.multivariate = multivariate
        self.version = f"Optuna {optuna.__version__}"

    def start(self, seed, dimensions):
        distributions = self.optuna.distributions
        self.distributions = {
            d["name"]: distributions.CategoricalDistribution(list(range(d["choices"])))
            if d["kind"] == "category"
            else distributions.FloatDistribution(d["low"], d["high"])
            for d in dimensions
        }
        self.study = self.optuna.create_study(
            direction="maximize",
            sampler=self.optuna.samplers.TPESampler(seed=seed, multivariate=self.multivariate),
        )
        self.asked = {}

    def ask(self):
        trial = self.study.ask(self.distributions)
        point = [trial.params[name] for name in self.distributions]
        self.asked.setdefault(tuple(map(float, point)), []).append(trial)
        return point

    def tell(self, point, reward):
        asked = self.asked.get(tuple(map(float, point)))
        if asked:
            self.study.tell(asked.pop(0), reward)
        else:
            self.study.add_trial(
                self.optuna.trial.create_trial(
                    params=dict(zip(self.distributions, point)), distributions=self.distributions, value=reward
                )
            )


METHODS = {
    "scikit-optimize": Skopt,
    "optuna-tpe": lambda: Optuna(None),
    "optuna-tpe-univariate": lambda: Optuna(False),
}


def main():
    try:
        method = METHODS[sys.argv[1]]()
    except ImportError as error:
        print(json.dumps({"missing": error.name}), flush=True)
        return
    print(json.dumps({"version": method.version}), flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        answer = {}
        if "start" in request:
            dimensions = request["dimensions"]
            method.start(request["start"], dimensions)
        elif "ask" in request:
            answer = {"point": method.ask()}
        else:
            point = [x if d["kind"] == "category" else float(x) for d, x in zip(dimensions, request["point"])]
            method.tell(point, request["tell"])
        print(json.dumps(answer), flush=True)


main()
