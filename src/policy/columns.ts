// A policy as cells of a table, for the notebook's columns. Numbers keep full precision.

import { messageOf, mismatch, UsageError } from "../common/errors.ts";
import { BASES } from "../config/recipes.ts";
import { parseTechnique } from "../config/techniques.ts";
import { type FormExtension, type PolicyForm, policyOf } from "./form.ts";
import type { Policy } from "./policy.ts";

/** Of policies that go beyond the original's form; all but `base` are the same in every row. */
const EXTENSION_COLUMNS = ["base", "mixture", "magnitudes", "redraw"];

/** The columns' names: `chain_1_op_1_type`, `chain_1_op_1_magnitude`, ..., `portion`; and those of an extended form. */
export function policyColumns({ chains, operationsPerChain, extension }: PolicyForm): string[] {
  const columns: string[] = [];
  for (let chain = 1; chain <= chains; chain++) {
    for (let operation = 1; operation <= operationsPerChain; operation++) {
      columns.push(`chain_${chain}_op_${operation}_type`, `chain_${chain}_op_${operation}_magnitude`);
    }
  }
  return [...columns, "portion", ...(extension ? EXTENSION_COLUMNS : [])];
}

/** A policy's cells, one per column of `policyColumns`; all chains must have the same length. */
export function policyCells(policy: Policy, { extension }: PolicyForm): string[] {
  const operations = policy.chains.flat();
  return [
    ...operations.flatMap(({ type, magnitude }) => [type, String(magnitude)]),
    String(policy.portion),
    ...(extension ? [policy.base ?? "none", ...extensionCells(extension)] : []),
  ];
}

function extensionCells({ mixture, magnitudes, redraw }: FormExtension): string[] {
  return [mixture ? "yes" : "no", magnitudes, redraw];
}

/**
 * The policy written by `policyCells`.
 * @throws UsageError naming the column whose cell is missing or wrong.
 */
export function parsePolicyCells(cells: readonly string[], form: PolicyForm): Policy {
  const { chains, operationsPerChain, extension } = form;
  const columns = policyColumns(form);
  if (cells.length !== columns.length) {
    throw new UsageError(`a policy has ${columns.length} cells here, not ${cells.length}`);
  }
  let next = 0;
  const share = () => {
    const column = columns[next];
    const text = cells[next++];
    const value = Number(text);
    if (text.trim() === "" || !(value >= 0 && value <= 1)) {
      throw new UsageError(mismatch(column, "a number from 0 to 1", text));
    }
    return value;
  };
  const technique = () => {
    const column = columns[next];
    try {
      return parseTechnique(cells[next++]);
    } catch (error) {
      throw new UsageError(`${column}: ${messageOf(error)}`);
    }
  };
  const oneOf = <Choice extends string>(choices: readonly Choice[]) => {
    const column = columns[next];
    const text = cells[next++];
    const choice = choices.find((known) => known === text);
    if (choice === undefined) throw new UsageError(mismatch(column, `one of ${choices.join(", ")}`, text));
    return choice;
  };
  const parsed = Array.from({ length: chains }, () =>
    Array.from({ length: operationsPerChain }, () => ({ type: technique(), magnitude: share() })),
  );
  const portion = share();
  if (!extension) return policyOf(form, parsed, portion);
  const base = oneOf(extension.bases);
  for (const cell of extensionCells(extension)) oneOf([cell]);
  return policyOf(form, parsed, portion, base);
}

/**
 * The form of the policies in a table.
 * @param header the names of its columns.
 * @param row the cells of one of its rows, which hold what the names do not; undefined if it has none.
 * @returns the form and the place of its first column, or undefined if the columns are not those of policies.
 */
export function formOfColumns(
  header: readonly string[],
  row: readonly string[] | undefined,
): { form: PolicyForm; first: number } | undefined {
  let [chains, operationsPerChain] = [0, 0];
  for (const name of header) {
    const [, chain, operation] = /^chain_(\d+)_op_(\d+)_type$/.exec(name) ?? [];
    chains = Math.max(chains, Number(chain ?? 0));
    operationsPerChain = Math.max(operationsPerChain, Number(operation ?? 0));
  }
  const cell = (name: string) => row?.[header.indexOf(name)];
  const extension: FormExtension | undefined = header.includes(EXTENSION_COLUMNS[0])
    ? {
        bases: BASES,
        mixture: cell("mixture") === "yes",
        magnitudes: cell("magnitudes") === "drawn" ? "drawn" : "fixed",
        redraw: cell("redraw") === "epoch" ? "epoch" : "once",
      }
    : undefined;
  const form = { chains, operationsPerChain, ...(extension && { extension }) };
  const first = header.indexOf("chain_1_op_1_type");
  const isWhole = policyColumns(form).every((name, index) => header[first + index] === name);
  return chains > 0 && isWhole ? { form, first } : undefined;
}
