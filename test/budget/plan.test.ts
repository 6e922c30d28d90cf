// How a budget is divided: arithmetic on a made-up speed.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { chooseConfirmation } from "../../src/budget/confirmation-choice.ts";
import { chooseEvaluation, evaluationSize, orderOfRecipes } from "../../src/budget/evaluation-choice.ts";
import { type BudgetPlan, CUTS, neededWithoutCuts, planBudget } from "../../src/budget/plan.ts";
import {
  armSeconds,
  confirmationSeconds,
  evaluationSeconds,
  searchSeconds,
  slowed,
} from "../../src/budget/times.ts";
import { resolveConfig } from "../../src/config/load.ts";
import type { ConfigInput, SizedConfig } from "../../src/config/schema.ts";
import { SPEED, sizedConfig } from "./speed.ts";

const IMAGES = { trainable: 3000, test: 750 };
const HOUR = 3600;
/** What a search judges, and by what, unless it is given. */
const { reward, redraw, bases, magnitudes, policy_chains, operations_per_chain } = resolveConfig({
  data: "photos",
});
const DEFAULT: ConfigInput = { reward, redraw, bases, magnitudes, policy_chains, operations_per_chain };

function input(seconds: number, given: ConfigInput = {}, factor = 1) {
  return {
    ...{ seconds, config: sizedConfig(given), given: new Set(Object.keys(given)) },
    ...{ images: IMAGES, speed: slowed(SPEED, factor) },
  };
}

function plan(seconds: number, given: ConfigInput = {}, factor = 1): BudgetPlan {
  const planned = planBudget(input(seconds, given, factor));
  assert.ok("keys" in planned, `${seconds} s is too short: ${JSON.stringify(planned)}`);
  return planned;
}

const total = ({ estimated }: BudgetPlan) => estimated.search + estimated.confirmation + estimated.evaluation;

describe("planBudget", () => {
  it("uses the time, and not more", () => {
    for (const seconds of [150, 300, 1000, HOUR, 3 * HOUR]) {
      for (const given of [
        {},
        { redraw: "epoch", bases: ["none", "flip"] },
        { reward: "averaged" },
        DEFAULT,
      ] as const) {
        const planned = plan(seconds, given as ConfigInput);
        assert.ok(total(planned) <= seconds, `${total(planned)} of ${seconds}`);
        const isAll = planned.keys.iterations === 500 && planned.evaluation.samples === 50;
        assert.ok(isAll || total(planned) > 0.85 * seconds, `${total(planned)} of ${seconds}`);
        const { search, confirmation, evaluation } = planned.allotted;
        assert.ok(Math.abs(search + confirmation + evaluation - seconds) < 1e-6);
        assert.ok(planned.estimated.search <= search && planned.estimated.confirmation <= confirmation);
      }
    }
  });

  it("gives the search about 55%, the confirmation 20% and the evaluation 25%", () => {
    const { allotted, estimated, keys } = plan(HOUR);
    for (const [stage, share] of [
      ["search", 0.55],
      ["confirmation", 0.2],
      ["evaluation", 0.25],
    ] as const)
      assert.ok(Math.abs(allotted[stage] / HOUR - share) < 1e-9);
    assert.ok(estimated.search > 0.97 * allotted.search);
    assert.ok(
      keys.iterations >= 40 && keys.iterations < 500 && keys.child_epochs === 50,
      JSON.stringify(keys),
    );
    assert.deepEqual([keys.confirm_top, keys.confirm_samples], [5, 10]);
  });

  it("is the same for the same input", () => {
    assert.deepEqual(plan(1234), plan(1234));
  });

  it("trains for fewer epochs if 20 trials do not fit otherwise, and for more only after 500 trials", () => {
    let before = 0;
    for (const seconds of [260, 400, 600, 900, 1200, HOUR, 4 * HOUR, 8 * HOUR, 20 * HOUR]) {
      const { keys } = plan(seconds);
      assert.ok(keys.child_epochs >= before, `${keys.child_epochs} epochs in ${seconds} s`);
      before = keys.child_epochs;
      if (keys.child_epochs > 30) assert.ok(keys.iterations >= 20);
      if (keys.child_epochs > 50) assert.equal(keys.iterations, 500);
      assert.ok(keys.iterations <= 500 && keys.iterations >= 10);
    }
    assert.equal(plan(260).keys.child_epochs, 30);
    assert.equal(before, 100);
  });

  it("has more epochs for fewer images than usual, as a search without a budget has", () => {
    for (const [images, usual] of [
      [1000, 100],
      [400, 250],
      [100, 400],
    ]) {
      const factor = images / 2000;
      const epochsIn = (seconds: number) => {
        const config = sizedConfig({ train_set_size: images, validation_set_size: images / 2 });
        const all = { trainable: 1.5 * images, test: images / 2 };
        const speed = slowed(SPEED, 50 / (factor * usual));
        const planned = planBudget({ seconds, config, given: new Set(), images: all, speed });
        assert.ok("keys" in planned);
        return planned.keys.child_epochs;
      };
      assert.equal(epochsIn(260), 0.6 * usual);
      assert.equal(epochsIn(20 * HOUR), 2 * usual);
    }
    assert.equal(plan(HOUR, { ...DEFAULT, train_set_size: 4000 }).keys.child_epochs, 50);
  });

  it("counts the trials that every search has besides those that it chooses", () => {
    const bases = ["none", "flip", "flip-crop"];
    const { needed } = planBudget(input(1, { redraw: "epoch", bases: bases as ["none"] })) as {
      needed: number;
    };
    const least = plan(needed + 1e-6, { redraw: "epoch", bases: bases as ["none"] });
    assert.equal(least.keys.iterations, 4 + 2);
    const whole = neededWithoutCuts(input(1, { redraw: "epoch", bases: bases as ["none"] }));
    assert.equal(plan(whole + 1e-6, { redraw: "epoch", bases: bases as ["none"] }).keys.iterations, 12);
  });

  it("has 10 trials, a confirmation and two samples of three arms without cuts", () => {
    for (const given of [
      {},
      { child_epochs: 40 },
      { iterations: 100 },
      { confirm_top: 0 },
    ] as ConfigInput[]) {
      const whole = neededWithoutCuts(input(1, given));
      assert.notDeepEqual(plan(0.99 * whole, given).cuts, []);
      const { keys, evaluation, cuts } = plan(whole + 1e-6, given);
      assert.deepEqual(cuts, []);
      assert.equal(keys.iterations, given.iterations ?? 10);
      assert.equal(keys.child_epochs, given.child_epochs ?? 30);
      assert.deepEqual([keys.confirm_top, keys.confirm_samples], given.confirm_top === 0 ? [0, 5] : [1, 2]);
      assert.deepEqual(evaluation.arms, ["none", "flip-crop", "policy"]);
      assert.deepEqual([evaluation.samples, evaluation.leftOut.length], [2, 3]);
    }
  });

  it("cuts one thing after the other if the time is too short, and says which", () => {
    const usual = (seconds: number) => ({ ...input(seconds, DEFAULT), given: new Set<string>() });
    const whole = neededWithoutCuts(usual(1));
    const seen: string[] = [];
    for (let seconds = whole; ; seconds *= 0.95) {
      const planned = planBudget(usual(seconds));
      if ("needed" in planned) break;
      const { cuts, keys, evaluation, bases } = planned;
      assert.ok(total(planned) <= seconds);
      seen.push(cuts.join());
      assert.equal(keys.confirm_top === 0, cuts.includes("confirmation"));
      assert.equal(keys.iterations < 10 + (bases ? 3 : 8), cuts.includes("trials"));
      assert.deepEqual(bases, cuts.includes("bases") ? ["none", "flip", "crop", "flip-crop"] : undefined);
      assert.equal(keys.child_epochs, cuts.includes("epochs") ? 20 : 30);
      const { trainImages, epochs } = evaluation;
      const isShort = cuts.includes("evaluation");
      assert.deepEqual([trainImages, epochs], isShort ? [2000, keys.child_epochs] : [3000, 50]);
      assert.ok(evaluation.samples >= 2);
    }
    const inTurn = ["", "trials", "confirmation", "evaluation", "bases", "epochs"];
    for (const cut of inTurn)
      assert.ok(
        seen.some((cuts) => cuts.split(",").includes(cut)),
        `${cut} is cut: ${[...new Set(seen)]}`,
      );
    const order: readonly string[] = CUTS;
    const last = seen.map((cuts) => order.indexOf(cuts.split(",").at(-1)!));
    assert.deepEqual(last, last.toSorted());
  });

  it("says what is needed if the time is too short for the least: then that is planned", () => {
    for (const given of [
      {},
      { child_epochs: 40 },
      { iterations: 100 },
      { confirm_top: 1 },
    ] as ConfigInput[]) {
      const short = planBudget(input(1, given));
      assert.ok("needed" in short);
      assert.ok("needed" in planBudget(input(0.99 * short.needed, given)));
      const { keys, evaluation } = plan(short.needed + 1e-6, given);
      assert.equal(keys.iterations, given.iterations ?? 4);
      assert.equal(keys.child_epochs, given.child_epochs ?? 20);
      assert.equal(keys.confirm_top, given.confirm_top ?? 0);
      assert.deepEqual(evaluation.arms, ["none", "flip-crop", "policy"]);
      assert.equal(evaluation.samples, 2);
    }
  });

  it("does not cut what is given", () => {
    const given = { ...DEFAULT, bases: ["none", "flip", "randaugment"], confirm_top: 2, child_epochs: 45 };
    const { needed } = planBudget(input(1, given as ConfigInput)) as { needed: number };
    const { keys, bases, cuts } = plan(needed + 1e-6, given as ConfigInput);
    assert.deepEqual([keys.child_epochs, keys.confirm_top, bases], [45, 2, undefined]);
    assert.deepEqual(cuts, ["trials", "evaluation"]);
  });

  it("keeps what is given, and fits the rest around it", () => {
    const given = { child_epochs: 15, iterations: 77, confirm_top: 3, confirm_samples: 4 };
    const all = plan(HOUR, given);
    assert.deepEqual(all.keys, given);
    assert.ok(total(all) <= HOUR && all.evaluation.samples > plan(HOUR).evaluation.samples);
    const epochs = plan(HOUR, { child_epochs: 20 }).keys;
    assert.ok(epochs.child_epochs === 20 && epochs.iterations > plan(HOUR).keys.iterations);
    const iterations = plan(HOUR, { iterations: 60 }).keys;
    assert.deepEqual([iterations.iterations, iterations.child_epochs], [60, 100]);
    const samples = plan(HOUR, { confirm_samples: 30 }).keys;
    assert.ok(samples.confirm_samples === 30 && samples.confirm_top >= 1 && samples.confirm_top <= 5);
    const none = plan(HOUR, { confirm_top: 0 });
    assert.equal(none.estimated.confirmation, 0);
    assert.ok(none.keys.iterations > plan(HOUR).keys.iterations);
  });

  it("plans more on a faster machine, and for cheaper trainings", () => {
    assert.ok(plan(HOUR, {}, 0.5).keys.iterations > 1.8 * plan(HOUR).keys.iterations);
    assert.ok(plan(HOUR, { reward: "averaged" }).keys.iterations > plan(HOUR).keys.iterations);
    const slow = { ...SPEED, draw: { ...SPEED.draw, policy: 2e-4 } };
    const redrawn = { ...input(HOUR, { redraw: "epoch" }), speed: slow };
    const planned = planBudget(redrawn) as BudgetPlan;
    assert.ok(planned.keys.iterations < plan(HOUR, { redraw: "epoch" }).keys.iterations);
  });
});

describe("chooseConfirmation", () => {
  const config = sizedConfig();
  const time = (confirm_top: number, confirm_samples: number) =>
    confirmationSeconds({ ...config, confirm_top, confirm_samples }, SPEED);
  const choose = (seconds: number, given: Partial<SizedConfig> = {}, isCut = false) => {
    const { confirm_top, confirm_samples } = chooseConfirmation({
      ...{ config: { ...config, ...given }, given: new Set(Object.keys(given)) },
      ...{ seconds, speed: SPEED, isCut },
    });
    return [confirm_top, confirm_samples];
  };

  it("takes as many samples of 5 policies as there is time for, and rather fewer policies than two samples", () => {
    assert.deepEqual(choose(1e9), [5, 10]);
    assert.deepEqual(choose(time(5, 6)), [5, 6]);
    assert.deepEqual(choose(time(5, 3)), [5, 3]);
    assert.deepEqual(choose(time(3, 3)), [3, 3]);
    assert.deepEqual(choose(time(1, 3)), [1, 3]);
    assert.deepEqual(choose(time(1, 2)), [1, 2]);
    assert.deepEqual(choose(0), [1, 2]);
  });

  it("keeps what is given", () => {
    assert.deepEqual(choose(1e9, { confirm_top: 2 }), [2, 10]);
    assert.deepEqual(choose(time(4, 2), { confirm_samples: 2 }), [4, 2]);
    assert.deepEqual(choose(0, { confirm_samples: 7 }), [1, 7]);
    assert.deepEqual(choose(0, { confirm_top: 4, confirm_samples: 7 }), [4, 7]);
    assert.deepEqual(choose(1e9, { confirm_samples: 0 })[1], 0);
  });

  it("takes none if it is cut, unless the number of policies is given", () => {
    assert.deepEqual(choose(1e9, {}, true)[0], 0);
    assert.deepEqual(choose(1e9, { confirm_samples: 7 }, true)[0], 0);
    assert.deepEqual(choose(0, { confirm_top: 4 }, true), [4, 2]);
    assert.deepEqual(choose(0, { confirm_top: 4, confirm_samples: 7 }, true), [4, 7]);
  });
});

describe("chooseEvaluation", () => {
  const config = sizedConfig();
  const size = evaluationSize(config, new Set(), IMAGES);
  const ofArms = armSeconds(
    ["none", "flip", "flip-crop", "trivialaugment", "randaugment", "policy"],
    size,
    config,
    SPEED,
  );
  const choose = (seconds: number, order = orderOfRecipes()) =>
    chooseEvaluation({ ofArms, order, seconds, speed: SPEED });
  const time = (arms: readonly string[], samples: number) =>
    evaluationSeconds(
      arms.map((arm) => ofArms.get(arm)!),
      samples,
      SPEED,
    );
  const ALL = [...ofArms.keys()];

  it("takes all arms, and more samples if there is time", () => {
    for (const samples of [3, 9, 50]) {
      const choice = choose(time(ALL, samples));
      assert.deepEqual([choice.arms, choice.samples, choice.leftOut], [ALL, samples, []]);
      assert.equal(choice.seconds, time(ALL, samples));
    }
    assert.equal(choose(1e9).samples, 50);
  });

  it("leaves out the recipes that promise least if three samples of all do not fit", () => {
    const without = ALL.filter((arm) => arm !== "randaugment");
    const choice = choose(time(without, 3));
    assert.deepEqual([choice.arms, choice.samples, choice.leftOut], [without, 3, ["randaugment"]]);
    const few = choose(time(["none", "flip-crop", "policy"], 2));
    assert.deepEqual([few.arms, few.samples], [["none", "flip-crop", "policy"], 2]);
    const least = choose(
      0,
      orderOfRecipes(
        new Map([
          ["flip", 0.01],
          ["flip-crop", -0.02],
        ]),
      ),
    );
    assert.deepEqual([least.arms, least.samples], [["none", "flip", "policy"], 2]);
    assert.deepEqual(least.leftOut, ["trivialaugment", "randaugment", "flip-crop"]);
  });

  it("is without a policy if none was found", () => {
    const free = new Map([...ofArms].slice(0, -1));
    const armsIn = (seconds: number) =>
      chooseEvaluation({ ofArms: free, order: orderOfRecipes(), seconds, speed: SPEED }).arms;
    assert.deepEqual(armsIn(1e9), ALL.slice(0, -1));
    assert.deepEqual(armsIn(0), ["none", "flip-crop"]);
  });

  it("keeps the best recipe of the search, whatever the others promise", () => {
    const gains = new Map([["flip-crop", 0.1]]);
    for (const best of ["randaugment", "flip+randaugment"] as const) {
      const arms = new Map([...ofArms].toSpliced(-1, 0, [best, 1]));
      const options = { ofArms: arms, order: orderOfRecipes(gains, best), speed: SPEED };
      assert.deepEqual(chooseEvaluation({ ...options, seconds: 0 }).arms, ["none", best, "policy"]);
      assert.deepEqual(chooseEvaluation({ ...options, seconds: 1e9 }).leftOut, []);
    }
  });

  it("trains on all images if they are at most twice those of the search", () => {
    const imagesOf = (trainable: number) =>
      evaluationSize(config, new Set(), { trainable, test: 9 }).trainImages;
    assert.deepEqual([4000, 4001].map(imagesOf), [4000, 2000]);
  });

  it("trains for the usual epochs at least, unless others are given", () => {
    const epochsOf = (child_epochs: number, ...given: string[]) =>
      evaluationSize({ ...config, child_epochs }, new Set(given), IMAGES).epochs;
    assert.deepEqual(
      [30, 50, 80].map((epochs) => epochsOf(epochs)),
      [50, 50, 80],
    );
    assert.equal(epochsOf(30, "child_epochs"), 30);
  });
});

describe("the times of a budget", () => {
  it("are proportional to the slowness of the machine", () => {
    const config = sizedConfig({ redraw: "epoch" });
    const near = (a: number, b: number) => assert.ok(Math.abs(a / b - 1) < 1e-9, `${a} ${b}`);
    near(searchSeconds(config, slowed(SPEED, 3)), 3 * searchSeconds(config, SPEED));
    near(confirmationSeconds(config, slowed(SPEED, 3)), 3 * confirmationSeconds(config, SPEED));
  });
});
