// What a report consists of: the numbers behind its page, which `report --json` prints. Plain data without imports, since the
// page's script, which runs in a browser, reads it too.

/** A value with the ends of its 95% interval; null if it is not known, as after a single training. */
export interface Measured {
  readonly mean: number;
  readonly low: number | null;
  readonly high: number | null;
}

export interface Report {
  readonly format: "deepaugment-report";
  readonly version: 1;
  readonly kind: "experiment" | "evaluation";
  /** The folder, as it was given, and its name. */
  readonly folder: string;
  readonly name: string;
  readonly status: "running" | "interrupted" | "finished";
  /** How far it is, in words. */
  readonly progress: string;
  readonly answer: Answer;
  /** Null for the report of an evaluation alone. */
  readonly search: SearchPart | null;
  /** Null if there is none, or it has not begun. */
  readonly evaluation: EvaluationPart | null;
  readonly times: TimesPart;
  readonly repeat: RepeatPart;
}

/** What to use, and how sure that is. */
export interface Answer {
  /** A recipe, a policy in words, or no augmentation; null if nothing follows yet. */
  readonly use: string | null;
  /** The trainings from which it follows: on test images, fresh ones after the search, or those of the search alone. */
  readonly basis: "evaluation" | "confirmation" | "search" | null;
  /** Gain of accuracy of `use`, or of the best policy if nothing is recommended, over no augmentation; a share. */
  readonly gain: Measured | null;
  /** Whether the interval of the gain is above 0. */
  readonly isShown: boolean;
  /** Compared with recipes, which need no search. */
  readonly against: readonly AgainstRecipe[];
  /** What follows, in whole sentences; the most important first. */
  readonly sentences: readonly string[];
  /** Commands that use the result, to paste. */
  readonly next: readonly string[];
}

/** Mean difference of accuracy: above 0 if the subject is better. */
export interface AgainstRecipe extends Measured {
  readonly subject: string;
  readonly recipe: string;
}

export interface SearchPart {
  /** What the reward is, in words. */
  readonly reward: string;
  /** Besides the baseline. */
  readonly planned: number;
  readonly done: number;
  /** Trials that did better than the baseline in the search, and those that were stopped early. */
  readonly better: number;
  readonly stopped: number;
  readonly trials: readonly TrialPoint[];
  /** The fresh trainings; null before them. */
  readonly confirmation: ConfirmationPart | null;
  readonly failures: readonly Failure[];
  /** By the controller's model; empty before a trial has ended. */
  readonly effects: readonly EffectCurve[];
  readonly importance: readonly Importance[];
  readonly joint: readonly JointEffect[];
  readonly curves: CurvesPart;
}

export interface TrialPoint {
  /** 0 is the baseline. */
  readonly trial: number;
  readonly kind: "baseline" | "recipe" | "policy";
  readonly policy: string;
  /** Mean of its samples, from 0 to 1; of a stopped trial at the epoch at which it was stopped. */
  readonly reward: number;
  readonly standardError: number | null;
  /** The highest reward of a trial that was not stopped, up to this one. */
  readonly best: number;
  /** The epoch after which it was stopped, from 1; null if it was not. */
  readonly stoppedAt: number | null;
  /** Of all its trainings together. */
  readonly seconds: number;
}

export interface ConfirmationPart {
  /** Fresh trainings of each policy. */
  readonly samples: number;
  /** Of the baseline in these trainings. */
  readonly baseline: number;
  readonly policies: readonly ConfirmedPolicy[];
}

interface ConfirmedPolicy {
  readonly trial: number;
  readonly policy: string;
  /** The recipe that it is, if it has nothing besides. */
  readonly recipe: string | null;
  readonly reward: number;
  /** In the search. */
  readonly searchReward: number;
  /** Over the baseline, in the fresh trainings. */
  readonly gain: Measured;
}

interface Failure {
  readonly trial: number;
  readonly sample: number;
  readonly reason: string;
}

export type EffectKind = "technique" | "amount" | "strength" | "base" | "portion";

export interface EffectPoint {
  /** The magnitude, amount, strength or portion; 0 for what has none. */
  readonly at: number;
  readonly mean: number;
  readonly low: number;
  readonly high: number;
}

export interface EffectCurve {
  readonly kind: EffectKind;
  readonly name: string;
  readonly points: readonly EffectPoint[];
  /** The number of judged policies that have it. */
  readonly policies: number;
}

export interface Importance {
  readonly kind: EffectKind;
  readonly name: string;
  /** By how much the expected reward changes with it: a standard deviation, in units of the reward. */
  readonly importance: number;
  /** Its most favourable point. */
  readonly best: EffectPoint;
  readonly verdict: "helps" | "harms" | "unclear";
  readonly policies: number;
}

interface JointEffect {
  readonly names: readonly [string, string];
  readonly mean: number;
  readonly low: number;
  readonly high: number;
}

export interface CurvesPart {
  /** Why there are no curves; null if there are. */
  readonly missing: string | null;
  readonly lines: readonly CurveLine[];
}

export interface CurveLine {
  /** Lines of one group have one colour. */
  readonly group: string;
  readonly label: string;
  readonly points: readonly CurvePoint[];
}

/** Accuracies from 0 to 1; null if they were not measured after this epoch. */
export interface CurvePoint {
  readonly epoch: number;
  readonly training: number | null;
  readonly validation: number | null;
}

export interface EvaluationPart {
  readonly folder: string;
  readonly status: Report["status"];
  readonly progress: string;
  readonly conclusion: string | null;
  readonly recommended: string | null;
  readonly bestRecipe: string | null;
  /** Of which weights the accuracy is, on how many images. */
  readonly measured: string;
  readonly trainImages: number;
  readonly testImages: number;
  readonly arms: readonly ArmPart[];
  /** Mean training accuracy of each arm by epoch. */
  readonly curves: CurvesPart;
}

export interface ArmPart {
  readonly arm: string;
  /** Test accuracies, one per sample that has ended. */
  readonly accuracies: readonly number[];
  /** Their mean, with Student's interval over samples; null before one has ended. */
  readonly accuracy: Measured | null;
  /** Paired differences, over samples and test images; null before the comparison, and for the arm itself. */
  readonly fromNone: Measured | null;
  readonly fromBestRecipe: Measured | null;
  /** Of the trainings that have ended, together. */
  readonly seconds: number;
}

export interface TimesPart {
  readonly stages: readonly StageTime[];
  /** From the start to the last line of the log, or until now if it is running; null with a budget, or without a log. */
  readonly elapsed: number | null;
  /** The time that `--budget` gave, and what its stages used; null without a budget. */
  readonly budget: { readonly seconds: number; readonly used: Readonly<Record<string, number>> } | null;
  /** Of a run with a queue, those with the most time first; empty without one. */
  readonly machines: readonly MachineTime[];
}

/** What a machine has trained. A machine that trained on two engines is there twice. */
export interface MachineTime {
  readonly host: string;
  /** With its precision, its instruction set and its graphics card, in words. */
  readonly engine: string;
  readonly trainings: number;
  /** Of its trainings, added up. */
  readonly seconds: number;
}

/** The trainings of a stage: their own times added up, also of those that ran at the same time. */
export interface StageTime {
  readonly stage: "search" | "confirmation" | "evaluation";
  readonly what: string;
  readonly trainings: number;
  readonly seconds: number;
}

/** Everything that is needed to repeat it. */
export interface RepeatPart {
  readonly command: string;
  /** Name and value, in order. */
  readonly facts: readonly (readonly [name: string, value: string])[];
  /** The content of `config.yaml`. */
  readonly config: string;
}

/** The pictures of a page; not part of `--json`. */
export interface Pictures {
  /** Why there are none; null if there are. */
  readonly missing: string | null;
  readonly tables: readonly PictureTable[];
}

export interface PictureTable {
  readonly title: string;
  readonly note: string;
  /** Above the columns. */
  readonly heads: readonly string[];
  readonly rows: readonly PictureRow[];
  /** The side of a picture on the page, in pixels. */
  readonly side: number;
}

export interface PictureRow {
  /** The class, and the file or the image's split and number. */
  readonly label: string;
  readonly source: string;
  /** Data URLs, one per column. */
  readonly cells: readonly string[];
}

/** What the page's script is given. */
export interface PageContent {
  readonly report: Report;
  readonly pictures: Pictures;
  /** When it was made, in ISO 8601. */
  readonly madeAt: string;
  /** Whether the page gets updates while the search runs. */
  readonly isLive: boolean;
}
