// Changes text: values of JSON, keys and values of YAML, lines and cells of tables.

import type { Random } from "../../src/common/random.ts";
import { changeBytes, oneOf } from "./bytes.ts";

const NUMBERS = [0, -1, 1, 0.5, -0, 1e308, 1e-320, 2 ** 31, 2 ** 32, 2 ** 53, -(2 ** 63), 255, 256, 65_536];
const TEXTS = [
  "",
  " ",
  "none",
  "auto",
  "null",
  "true",
  "NaN",
  "Infinity",
  "0x10",
  "1e999",
  "__proto__",
  "constructor",
];
const ODD_TEXTS = [
  "\u0000",
  "\u001b[31m",
  "\u202e",
  "é",
  "\ud800",
  "a\nb",
  "a,b",
  '"',
  "../../x",
  "/dev/zero",
  "~",
  "x".repeat(300),
];

/** A value that is seldom expected. */
function hostileValue(random: Random): unknown {
  const kinds = [
    ...[() => oneOf(NUMBERS, random), () => oneOf(TEXTS, random), () => oneOf(ODD_TEXTS, random)],
    ...[() => null, () => [], () => ({}), () => random.chance(0.5), () => [null], () => ({ x: [] })],
    () => nested(random.integer(1, 300)),
    () => new Array(random.integer(1, 2000)).fill(oneOf(NUMBERS, random)),
  ];
  return oneOf(kinds, random)();
}

function nested(levels: number): unknown {
  let value: unknown = 1;
  for (let i = 0; i < levels; i++) value = i % 2 === 0 ? [value] : { a: value };
  return value;
}

type Container = Record<string, unknown>;

/** All lists and objects in a value. */
function containersIn(value: unknown): Container[] {
  if (typeof value !== "object" || value === null) return [];
  return [value as Container, ...Object.values(value).flatMap(containersIn)];
}

/** Changes values and keys of a JSON text. */
export function changeJson(text: string, random: Random): string {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return asText(text, random);
  }
  const containers = containersIn(value);
  if (containers.length === 0 || random.chance(0.03)) return JSON.stringify(hostileValue(random));
  for (let i = random.integer(1, 2); i > 0; i--)
    changeContainer(oneOf(containers, random), containers, random);
  return JSON.stringify(value);
}

function changeContainer(container: Container, containers: readonly Container[], random: Random): void {
  const keys = Object.keys(container);
  const kind = random.integer(0, 7);
  if (keys.length === 0 || kind === 0) {
    if (Array.isArray(container)) container.push(hostileValue(random));
    else container[oneOf(["x", "__proto__", "toString", ...keys], random)] = hostileValue(random);
    return;
  }
  const key = oneOf(keys, random);
  const value = container[key];
  if (kind === 1) {
    if (Array.isArray(container)) container.splice(Number(key), 1);
    else delete container[key];
  } else if (kind === 2 && Array.isArray(container)) container.push(structuredClone(value));
  else if (kind === 3 && typeof value === "number")
    container[key] = oneOf([-value, value + 1, value * 1e6, value / 3], random);
  else if (kind === 4 && typeof value === "string")
    container[key] = oneOf([value + value, value.slice(1), value.toUpperCase()], random);
  else if (kind === 5) container[key] = structuredClone(oneOf(containers, random));
  else container[key] = hostileValue(random);
}

/** Changes lines of text and cells in them, as of CSV, TSV, JSON lines, or of YAML. */
export function changeLines(text: string, random: Random): string {
  const lines = text.split("\n");
  const place = random.integer(0, lines.length - 1);
  const line = lines[place];
  const kind = random.integer(0, 8);
  if (kind === 0) lines.splice(place, 1);
  else if (kind === 1) lines.splice(random.integer(0, lines.length - 1), 0, line);
  else if (kind === 2) lines.splice(place, 0, line.slice(0, random.integer(0, line.length)));
  else if (kind === 3) lines.splice(random.integer(0, lines.length), 0, ...lines.splice(place, 1));
  else if (kind === 4) return asText(text, random);
  else if (kind === 5 && line.startsWith("{")) lines[place] = changeJson(line, random);
  else lines[place] = changeCell(line, random);
  return lines.join(random.chance(0.05) ? "\r\n" : "\n");
}

function changeCell(line: string, random: Random): string {
  // Separators stay: cells are at the even places.
  const cells = line.split(/([,;\t:]|^- |^ +)/);
  const place = 2 * random.integer(0, (cells.length - 1) >> 1);
  const kind = random.integer(0, 6);
  if (kind === 0) cells.splice(place, 2);
  else if (kind === 1) cells.splice(place, 0, cells[place], cells[place + 1] ?? ",");
  else if (kind === 2) cells[place] = `"${cells[place]}`;
  else if (kind === 3) cells[place] = oneOf([" &a [*a]", " !!binary x", " |", " {", " [[[[", " ? "], random);
  else cells[place] = wordOf(hostileValue(random));
  return cells.join("");
}

function wordOf(value: unknown): string {
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

function asText(text: string, random: Random): string {
  return Buffer.from(changeBytes(Buffer.from(text), random)).toString("latin1");
}
