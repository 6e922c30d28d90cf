import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Landscape, landscapeOf } from "../../scripts/bench/fidelity/landscape.ts";
import { type Method, Ours, RandomSearch } from "../../scripts/bench/fidelity/methods.ts";
import { CURVE_FAMILIES, curvePolicies } from "../../scripts/curves/policies.ts";
import { AVERAGED_AT, type CurvePair } from "../../scripts/curves/table.ts";
import { Random } from "../../src/common/random.ts";
import { USUAL_BASES } from "../../src/config/recipes.ts";
import { EXTENDED_TECHNIQUES } from "../../src/config/techniques.ts";
import { formOfFamilies } from "../../src/policy/form.ts";
import type { Policy } from "../../src/policy/policy.ts";
import { createSpace, pointToPolicy } from "../../src/policy/space.ts";

const CHAINS = createSpace({
  ...{ chains: 2, operationsPerChain: 1, operations: EXTENDED_TECHNIQUES },
  extension: { bases: USUAL_BASES, mixture: true, magnitudes: "drawn", redraw: "epoch" },
});
const OF_FAMILIES = createSpace({
  ...formOfFamilies(CURVE_FAMILIES, USUAL_BASES),
  operations: EXTENDED_TECHNIQUES,
});

/** What policies are worth here: most by their base, and more if they rotate. */
function worth({ base, chains, portion, chances, weights = chains.map(() => 1) }: Policy): number {
  const total = weights.reduce((sum, weight) => sum + weight);
  const share = chains.reduce((sum, chain, index) => {
    const rotations = chain.filter(({ type }) => type === "rotate");
    const turned = rotations.reduce((most, { magnitude }) => most + magnitude, 0);
    return sum + (chances?.[index] ?? weights[index] / total) * turned;
  }, 0);
  return 0.4 + 0.01 * USUAL_BASES.indexOf(base ?? "none") + 0.1 * portion * share;
}

/** Curves that rise to that value, with little noise. */
function madeUpCurves(): CurvePair[] {
  const none = { loss: [], accuracy: [] };
  return curvePolicies()
    .filter(({ equalSteps }) => equalSteps)
    .map(({ policy }, policyIndex) => ({
      ...{ policy, equalSteps: true },
      samples: [0, 1].map((sample) => {
        const random = new Random("noise", policyIndex, sample);
        const accuracy = AVERAGED_AT.map(
          (epoch) => worth(policy) * (1 - Math.exp(-epoch / 12)) + random.normal(0, 0.002),
        );
        const averaged = { loss: [], accuracy };
        const test = { loss: 0, accuracy: worth(policy) + random.normal(0, 0.002) };
        return {
          ...{ policyIndex, sample, policy, equalSteps: true, averaged, test, images: 0, seconds: 0 },
          ...{ training: none, validation: none },
        };
      }),
    }));
}

/** Steps until some trials were trained to the last stage: the steps themselves. */
async function run(method: Method, landscape: Landscape, whole: number) {
  const { space, stages, train } = landscape;
  await method.start(1, landscape);
  const steps = [];
  for (let done = 0; done < whole; ) {
    const step = await method.next();
    steps.push(step);
    const policy = pointToPolicy(space, step.point);
    await method.tell(train(policy, 1, step.trial, step.sample)[step.stage]);
    if (step.stage === stages.length - 1) done++;
  }
  return steps;
}

describe("a landscape of recorded curves", () => {
  const curves = madeUpCurves();
  const landscape = landscapeOf(curves, CHAINS);
  const { space, first, stages, truthOf, train, greatest } = landscape;

  it("has the accuracies from which it was made, and a greatest one", () => {
    for (const { policy } of curvePolicies().filter(
      ({ equalSteps, policy: { redrawn } }) => equalSteps && redrawn,
    )) {
      assert.ok(Math.abs(truthOf(policy) - worth(policy)) < 0.01);
    }
    // Above that of the best base alone, and not far above anything that was recorded.
    assert.ok(greatest > 0.48 && greatest < 0.59, String(greatest));
  });

  it("trains the same for the same seed, trial and sample, better with more epochs", () => {
    const policy = pointToPolicy(space, [0, 0.5, 0, 0.5, 0.5, 3]);
    const first = train(policy, 1, 2, 0);
    assert.deepEqual(train(policy, 1, 2, 0), first);
    assert.notDeepEqual(train(policy, 1, 3, 0), first);
    assert.equal(first.length, stages.length);
    assert.ok(first[0] < first.at(-1)! - 0.1);
  });

  it("is searched by ours with fewer epochs if trainings are stopped early, and the policy is good", async () => {
    const rule = { epochs: [12], share: 0.5 };
    const method = new Ours("stopped", { stopRule: rule });
    const steps = await run(method, landscape, 25);
    const trials = new Set(steps.map(({ trial }) => trial)).size;
    assert.ok(trials > 26, String(trials));
    for (const { stage } of steps) assert.ok([12, 50].includes(stages[stage]));
    const whole = steps.filter(({ stage }) => stages[stage] === 50).map(({ point }) => point);
    assert.deepEqual(whole.slice(0, first.length), first);
    const plain = await run(new Ours("full", { samples: 2 }), landscape, 12);
    assert.deepEqual(
      plain.map(({ trial, sample, stage }) => [trial, sample, stage]),
      Array.from({ length: 12 }, (_, index) => [Math.floor(index / 2), index % 2, stages.length - 1]),
    );
    const best = truthOf(pointToPolicy(space, method.recommend()));
    assert.ok(best > 0.46, String(best));
  });

  it("has policies of families, by the chances of their techniques", () => {
    const ofFamilies = landscapeOf(curves, OF_FAMILIES);
    assert.equal(ofFamilies.first.length, USUAL_BASES.length);
    for (const { policy } of curves.filter(({ policy: { chances } }) => chances)) {
      assert.ok(Math.abs(ofFamilies.truthOf(policy) - worth(policy)) < 0.01);
    }
  });

  it("is searched by successive halving: the best trials of a stage are trained further", async () => {
    const steps = await run(new RandomSearch("halving", [1 / 9, 1 / 3, 1]), landscape, 10);
    const at = (index: number) => steps.filter(({ stage }) => stages[stage] === [4, 16, 50][index]).length;
    const counts = [at(0), at(1), at(2)];
    assert.equal(counts[2], 10);
    assert.equal(counts[0] + counts[1] + counts[2], steps.length);
    assert.ok(counts[0] >= 1.5 * counts[1] && counts[1] >= 1.5 * counts[2], String(counts));
  });
});
