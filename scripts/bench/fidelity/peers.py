# Runs other libraries' multi-fidelity optimizers over standard input and output, with one JSON object per line.
# `fidelity.ts` starts it as python3 peers.py METHOD. It first writes {"version": ...} or {"missing": MODULE}, then answers
# every line:
#   {"start": SEED, "dimensions": [...], "first": [...], "stages": [...]}   begins a new search
#                        {}
#   {"next": true}       what to train next
#                        {"trial": ID, "point": [...], "stage": S}
#   {"tell": ACCURACY}   the accuracy at that stage
#                        {}
# Stages are counted from 0; `stages` has their epochs. A trial that is trained to a later stage continues. The points `first`
# are judged first.

import json
import os
import sys
import tempfile
import warnings
from importlib import metadata

for threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[threads] = "1"
warnings.filterwarnings("ignore")


class OptunaHyperband:
    """Optuna's default sampler with its pruner that resembles Hyperband."""

    def __init__(self):
        import optuna

        optuna.logging.set_verbosity(optuna.logging.ERROR)
        self.optuna = optuna
        self.version = f"Optuna {optuna.__version__}, TPE with HyperbandPruner"

    def start(self, seed, dimensions, first, stages):
        distributions = self.optuna.distributions
        self.distributions = {
            d["name"]: distributions.CategoricalDistribution(list(range(d["choices"])))
            if d["kind"] == "category"
            else distributions.FloatDistribution(d["low"], d["high"])
            for d in dimensions
        }
        self.stages = stages
        self.study = self.optuna.create_study(
            direction="maximize",
            sampler=self.optuna.samplers.TPESampler(seed=seed),
            pruner=self.optuna.pruners.HyperbandPruner(min_resource=stages[0], max_resource=stages[-1], reduction_factor=3),
        )
        for point in first:
            self.study.enqueue_trial(dict(zip(self.distributions, point)))
        self.trial = None

    def next(self):
        if self.trial is None:
            self.trial, self.stage = self.study.ask(self.distributions), 0
        point = [self.trial.params[name] for name in self.distributions]
        return {"trial": self.trial.number, "point": point, "stage": self.stage}

    def tell(self, accuracy):
        self.trial.report(accuracy, self.stages[self.stage])
        if self.stage == len(self.stages) - 1:
            self.study.tell(self.trial, accuracy)
            self.trial = None
        elif self.trial.should_prune():
            self.study.tell(self.trial, state=self.optuna.trial.TrialState.PRUNED)
            self.trial = None
        else:
            self.stage += 1


class Smac:
    """SMAC3's multi-fidelity facade: Hyperband with a random forest."""

    def __init__(self):
        import ConfigSpace
        import smac

        self.space, self.smac = ConfigSpace, smac
        self.version = f"SMAC {metadata.version('smac')}, multi-fidelity"

    def start(self, seed, dimensions, first, stages):
        space = self.space.ConfigurationSpace(seed=seed)
        for d in dimensions:
            space.add(
                self.space.Categorical(d["name"], list(range(d["choices"])))
                if d["kind"] == "category"
                else self.space.Float(d["name"], (d["low"], d["high"]))
            )
        self.names = [d["name"] for d in dimensions]
        self.stages = stages
        self.folder = tempfile.TemporaryDirectory()
        scenario = self.smac.Scenario(
            space,
            n_trials=100_000,
            min_budget=stages[0],
            max_budget=stages[-1],
            deterministic=True,
            seed=seed,
            output_directory=self.folder.name,
        )
        known = [self.space.Configuration(space, values=dict(zip(self.names, point))) for point in first]
        design = self.smac.MultiFidelityFacade.get_initial_design(scenario, additional_configs=known)
        self.facade = self.smac.MultiFidelityFacade(
            scenario,
            lambda config, seed, budget: 0,
            initial_design=design,
            logging_level=False,
            overwrite=True,
        )
        self.numbers = {}

    def next(self):
        self.info = self.facade.ask()
        point = [self.info.config[name] for name in self.names]
        number = self.numbers.setdefault(self.info.config, len(self.numbers))
        distances = [abs(epochs - self.info.budget) for epochs in self.stages]
        return {"trial": number, "point": [float(x) for x in point], "stage": distances.index(min(distances))}

    def tell(self, accuracy):
        self.facade.tell(self.info, self.smac.runhistory.TrialValue(cost=1 - accuracy))


METHODS = {"optuna-hyperband": OptunaHyperband, "smac": Smac}


def main():
    answers = os.fdopen(os.dup(1), "w")
    # What libraries print is not an answer.
    os.dup2(2, 1)

    def answer(value):
        print(json.dumps(value), file=answers, flush=True)

    try:
        method = METHODS[sys.argv[1]]()
    except ImportError as error:
        answer({"missing": error.name})
        return
    answer({"version": method.version})
    for line in sys.stdin:
        request = json.loads(line)
        if "start" in request:
            method.start(request["start"], request["dimensions"], request["first"], request["stages"])
            answer({})
        elif "next" in request:
            answer(method.next())
        else:
            method.tell(request["tell"])
            answer({})


main()
