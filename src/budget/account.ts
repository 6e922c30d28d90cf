// The account of a budgeted run: what was planned and decided, and how much of the time each stage has used, in all of its runs.
// It is kept in the experiment's folder, as `plan.json`.

import { existsSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { readJson, writeJson } from "../common/files.ts";
import { BASES } from "../config/recipes.ts";
import type { EvaluationChoice, EvaluationImages } from "./evaluation-choice.ts";
import { type BudgetPlan, CUTS, type PlannedKeys } from "./plan.ts";
import type { EvaluationSize, Speed } from "./times.ts";

/** The time in seconds, from any moment. */
export type Clock = () => number;

const STAGES = ["setup", "search", "confirmation", "evaluation"] as const;

type BudgetStage = (typeof STAGES)[number];

/** What is planned before a run begins, and does not change. */
export interface Planned {
  /** The whole budget. */
  readonly seconds: number;
  /** Keys that were given, and that stay as they are. */
  readonly given: readonly string[];
  readonly images: EvaluationImages;
  readonly speed: Speed;
  readonly plan: BudgetPlan;
}

/** `plan.json` */
export interface BudgetFacts extends Planned {
  readonly format: "deepaugment-budget";
  readonly version: 1;
  /** What was decided while it ran: by a stage's end at the latest, and never again. */
  readonly decided: {
    /** `iterations` is the number of trials that the search had. */
    readonly search?: Omit<PlannedKeys, "child_epochs">;
    /** With what it trains on; older files do not have that, and it is then as planned. */
    readonly evaluation?: Omit<EvaluationChoice, "seconds"> &
      Partial<Pick<EvaluationSize, "trainImages" | "epochs">>;
  };
  /** Seconds of each stage. */
  readonly used: Readonly<Record<BudgetStage, number>>;
}

const positive = z.number().positive();
const seconds = z.number().nonnegative();
const count = z.int().nonnegative();
const stages = z.looseObject({ search: seconds, confirmation: seconds, evaluation: seconds });
const confirmed = { confirm_top: count, confirm_samples: count };
const size = z.int().positive();
const choice = {
  arms: z.array(z.string()).min(1),
  samples: z.int().positive(),
  leftOut: z.array(z.string()),
};

/** `plan.json` */
const FACTS = z.looseObject({
  format: z.literal("deepaugment-budget", { error: "it has another format" }),
  version: z.literal(1, { error: "it has another format" }),
  seconds: positive,
  given: z.array(z.string()),
  images: z.looseObject({ trainable: positive, test: positive }),
  speed: z.looseObject({
    rates: z.looseObject({ training: positive, validation: positive, start: seconds }),
    workers: z.int().positive(),
    draw: z.looseObject({ recipes: z.record(z.string(), seconds), policy: seconds }),
    momentEpochs: seconds,
  }),
  plan: z.looseObject({
    keys: z.looseObject({
      child_epochs: z.int().positive(),
      iterations: z.int().positive(),
      ...confirmed,
    }),
    evaluation: z.looseObject({
      ...choice,
      ...{ trainImages: size, testImages: size, epochs: size },
    }),
    bases: z.array(z.enum(BASES)).min(1).optional(),
    ...{ estimated: stages, allotted: stages },
    cuts: z.array(z.enum(CUTS)).default([]),
  }),
  decided: z.looseObject({
    search: z.looseObject({ iterations: z.int().positive(), ...confirmed }).optional(),
    evaluation: z
      .looseObject({ ...choice, trainImages: size.optional(), epochs: size.optional() })
      .optional(),
  }),
  used: z.looseObject({ setup: seconds, search: seconds, confirmation: seconds, evaluation: seconds }),
});

/** The account of an experiment. */
function budgetPath(folder: string): string {
  return join(folder, "plan.json");
}

/** Whether an experiment has a budget. */
export function hasBudget(folder: string): boolean {
  return existsSync(budgetPath(folder));
}

export class BudgetAccount {
  readonly #clock: Clock;
  /** Undefined until the experiment has a folder. */
  #folder: string | undefined;
  #facts: BudgetFacts;
  /** The stage that uses time, and since when. */
  #running: { readonly stage: BudgetStage; readonly since: number } | undefined;

  private constructor(facts: BudgetFacts, clock: Clock, folder?: string) {
    this.#facts = facts;
    this.#clock = clock;
    this.#folder = folder;
  }

  /** Of a new run. @param setup seconds that it has used already. */
  static begin(planned: Planned, setup: number, clock: Clock): BudgetAccount {
    const used = { setup, search: 0, confirmation: 0, evaluation: 0 };
    return new BudgetAccount(
      { format: "deepaugment-budget", version: 1, ...planned, decided: {}, used },
      clock,
    );
  }

  /** Of an experiment to resume. @throws UsageError if its `plan.json` is damaged. */
  static open(folder: string, clock: Clock): BudgetAccount {
    return new BudgetAccount(readJson(budgetPath(folder), FACTS), clock, folder);
  }

  get facts(): BudgetFacts {
    return this.#facts;
  }

  /** Seconds that all stages together have used. */
  get used(): number {
    return STAGES.reduce((sum, stage) => sum + this.usedBy(stage), 0);
  }

  get left(): number {
    return this.#facts.seconds - this.used;
  }

  usedBy(stage: BudgetStage): number {
    const running = this.#running?.stage === stage ? this.#clock() - this.#running.since : 0;
    return this.#facts.used[stage] + running;
  }

  /** From now on this stage uses time. @throws RunError as all that writes. */
  enter(stage: BudgetStage): void {
    this.#book();
    this.#running = { stage, since: this.#clock() };
    this.#write();
  }

  /** No stage uses time any more. */
  leave(): void {
    this.#book();
    this.#running = undefined;
    this.#write();
  }

  /** Writes what has been used until now: only what follows is lost with the process. */
  keep(): void {
    this.#book();
    this.#write();
  }

  /** Keeps the account in this folder from now on. */
  keepIn(folder: string): void {
    this.#folder = folder;
    this.keep();
  }

  decide(decided: BudgetFacts["decided"]): void {
    this.#facts = { ...this.#facts, decided: { ...this.#facts.decided, ...decided } };
    this.keep();
  }

  #book(): void {
    if (!this.#running) return;
    const { stage } = this.#running;
    const used = { ...this.#facts.used, [stage]: this.usedBy(stage) };
    this.#running = { stage, since: this.#clock() };
    this.#facts = { ...this.#facts, used };
  }

  #write(): void {
    if (this.#folder !== undefined) writeJson(budgetPath(this.#folder), this.#facts);
  }
}
