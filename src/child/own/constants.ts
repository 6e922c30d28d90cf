// Constants in the file: numbers, and arrays of numbers in the forms in which Keras writes them.

import { isObject } from "./json.ts";

/** A number, or numbers in lists of the array's shape. */
export type Constant = number | readonly Constant[];

/** Undefined if the value is neither. */
export function constantOf(value: unknown): Constant | undefined {
  if (typeof value === "number") return value;
  if (Array.isArray(value)) {
    const constants = value.map(constantOf);
    return constants.every((each) => each !== undefined) ? constants : undefined;
  }
  const isArray = isObject(value) && ["__numpy__", "__tensor__"].includes(String(value.class_name));
  return isArray && isObject(value.config) ? constantOf(value.config.value) : undefined;
}

export function mapConstant(constant: Constant, change: (value: number) => number): Constant {
  return typeof constant === "number" ? change(constant) : constant.map((each) => mapConstant(each, change));
}
