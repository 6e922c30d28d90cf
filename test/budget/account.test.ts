// What a budgeted run keeps of its time.

import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { BudgetAccount, hasBudget } from "../../src/budget/account.ts";
import { planBudget } from "../../src/budget/plan.ts";
import { SPEED, sizedConfig } from "./speed.ts";

const root = mkdtempSync(join(tmpdir(), "deepaugment-account-"));
after(() => rmSync(root, { recursive: true }));

const images = { trainable: 3000, test: 750 };

function planned(seconds: number) {
  const plan = planBudget({ seconds, config: sizedConfig(), given: new Set(), images, speed: SPEED });
  assert.ok("keys" in plan);
  return { seconds, given: ["seed"], images, speed: SPEED, plan };
}

describe("the account of a budget", () => {
  it("adds the time of each stage over all runs, and is the same when it is read again", () => {
    const folder = mkdtempSync(join(root, "a-"));
    let now = 50;
    const account = BudgetAccount.begin(planned(1000), 12, () => now);
    account.enter("search");
    now += 30;
    assert.ok(!hasBudget(folder));
    account.keepIn(folder);
    assert.ok(hasBudget(folder));
    now += 8;
    assert.deepEqual([account.used, account.left, account.usedBy("search")], [50, 950, 38]);
    account.enter("confirmation");
    now += 5;
    account.decide({ search: { iterations: 60, confirm_top: 4, confirm_samples: 3 } });
    now += 2;
    account.leave();
    now += 1000;
    assert.equal(account.used, 57);

    const resumed = BudgetAccount.open(folder, () => now);
    assert.deepEqual(resumed.facts, account.facts);
    resumed.enter("evaluation");
    now += 40;
    assert.equal(resumed.left, 1000 - 57 - 40);
    resumed.decide({ evaluation: { arms: ["none"], samples: 3, leftOut: [] } });
    const { decided, used } = BudgetAccount.open(folder, () => now).facts;
    assert.deepEqual(decided.search?.iterations, 60);
    assert.deepEqual(decided.evaluation?.samples, 3);
    assert.deepEqual(used, { setup: 12, search: 38, confirmation: 7, evaluation: 40 });
  });

  it("refuses a damaged file in one line", () => {
    const folder = mkdtempSync(join(root, "b-"));
    BudgetAccount.begin(planned(1000), 1, () => 0).keepIn(folder);
    const path = join(folder, "plan.json");
    const text = readFileSync(path, "utf8");
    const damages: [(facts: Record<string, unknown>) => void, RegExp][] = [
      [(facts) => delete facts.speed, /plan\.json: speed: .*; restore the file as it was written$/],
      [(facts) => (facts.version = 2), /plan\.json: version: it has another format; restore/],
      [(facts) => (facts.seconds = -1), /plan\.json: seconds: /],
      ...["given", "images", "speed", "plan", "decided", "used"].flatMap((key) =>
        [null, 5, "x"].map((value): [(facts: Record<string, unknown>) => void, RegExp] => [
          (facts) => (facts[key] = value),
          new RegExp(`plan\\.json: ${key}: `),
        ]),
      ),
      [
        (facts) => (facts.decided = { search: { iterations: 1 } }),
        /plan\.json: decided\.search\.confirm_top: /,
      ],
      [(facts) => (facts.decided = { evaluation: { arms: [], samples: 1 } }), /decided\.evaluation\.arms: /],
      [
        (facts) => (facts.plan = { ...(facts.plan as object), evaluation: {} }),
        /plan\.json: plan\.evaluation\./,
      ],
      [(facts) => (facts.plan = { ...(facts.plan as object), keys: { child_epochs: 1.5 } }), /plan\.keys\./],
    ];
    for (const [damage, message] of damages) {
      const facts = JSON.parse(text);
      damage(facts);
      writeFileSync(path, JSON.stringify(facts));
      assert.throws(() => BudgetAccount.open(folder, () => 0), { name: "UsageError", message });
    }
  });
});
