// Keras's learning rate schedules: learning rates as functions of the step, from 0.

import type { LearningRate } from "../optimizers.ts";
import { isObject, namedOf } from "./json.ts";

/** Undefined if the value is neither a number nor a supported schedule. */
export function learningRateOf(value: unknown): LearningRate | undefined {
  if (typeof value === "number") return value;
  const schedule = isObject(value) ? namedOf(value) : undefined;
  if (!schedule || !Object.hasOwn(SCHEDULES, schedule.className)) return undefined;
  const { config } = schedule;
  try {
    return SCHEDULES[schedule.className](
      (key, fallback) => {
        const number = config[key] ?? fallback;
        if (typeof number !== "number") throw new NotNumbers();
        return number;
      },
      (key) => config[key],
    );
  } catch (error) {
    if (error instanceof NotNumbers) return undefined;
    throw error;
  }
}

class NotNumbers extends Error {}

type ReadNumber = (key: string, fallback?: number) => number;

const SCHEDULES: Record<string, (number: ReadNumber, value: (key: string) => unknown) => LearningRate> = {
  ExponentialDecay: (number, value) => {
    const [start, steps, rate] = [
      number("initial_learning_rate"),
      number("decay_steps"),
      number("decay_rate"),
    ];
    const round = value("staircase") === true ? Math.floor : (x: number) => x;
    return (step) => start * rate ** round(step / steps);
  },
  InverseTimeDecay: (number, value) => {
    const [start, steps, rate] = [
      number("initial_learning_rate"),
      number("decay_steps"),
      number("decay_rate"),
    ];
    const round = value("staircase") === true ? Math.floor : (x: number) => x;
    return (step) => start / (1 + rate * round(step / steps));
  },
  PiecewiseConstantDecay: (_, value) => {
    const [boundaries, values] = [numbersOf(value("boundaries")), numbersOf(value("values"))];
    if (values.length !== boundaries.length + 1) throw new NotNumbers();
    return (step) => {
      const piece = boundaries.findIndex((boundary) => step <= boundary);
      return values[piece < 0 ? boundaries.length : piece];
    };
  },
  PolynomialDecay: (number, value) => {
    const [start, end] = [number("initial_learning_rate"), number("end_learning_rate", 0.0001)];
    const [steps, power] = [number("decay_steps"), number("power", 1)];
    return (step) => {
      const whole = value("cycle") === true ? steps * Math.max(1, Math.ceil(step / steps)) : steps;
      return (start - end) * (1 - Math.min(step, whole) / whole) ** power + end;
    };
  },
  /** Loshchilov and Hutter 2017, with a linear warm-up. */
  CosineDecay: (number, value) => {
    const [start, steps, alpha] = [
      number("initial_learning_rate"),
      number("decay_steps"),
      number("alpha", 0),
    ];
    const warmUp = value("warmup_target") == null ? 0 : number("warmup_steps", 0);
    const peak = value("warmup_target") == null ? start : number("warmup_target");
    return (step) => {
      if (step < warmUp) return start + (peak - start) * (step / warmUp);
      const done = Math.min(step - warmUp, steps) / steps;
      return peak * ((1 - alpha) * 0.5 * (1 + Math.cos(Math.PI * done)) + alpha);
    };
  },
};

function numbersOf(value: unknown): number[] {
  if (!Array.isArray(value) || !value.every((each) => typeof each === "number")) throw new NotNumbers();
  return value;
}
