// A policy as cells of a table, for the notebook's columns. Numbers keep full precision.

import { messageOf, mismatch, UsageError } from "../common/errors.ts";
import { parseTechnique } from "../config/techniques.ts";
import type { Policy } from "./policy.ts";

/** The columns' names: `chain_1_op_1_type`, `chain_1_op_1_magnitude`, ..., `portion`. */
export function policyColumns(chains: number, operationsPerChain: number): string[] {
  const columns: string[] = [];
  for (let chain = 1; chain <= chains; chain++) {
    for (let operation = 1; operation <= operationsPerChain; operation++) {
      columns.push(`chain_${chain}_op_${operation}_type`, `chain_${chain}_op_${operation}_magnitude`);
    }
  }
  return [...columns, "portion"];
}

/** A policy's cells, one per column of `policyColumns`; all chains must have the same length. */
export function policyCells(policy: Policy): string[] {
  const operations = policy.chains.flat();
  return [...operations.flatMap(({ type, magnitude }) => [type, String(magnitude)]), String(policy.portion)];
}

/**
 * The policy written by `policyCells`.
 * @throws UsageError naming the column whose cell is missing or wrong.
 */
export function parsePolicyCells(
  cells: readonly string[],
  chains: number,
  operationsPerChain: number,
): Policy {
  const columns = policyColumns(chains, operationsPerChain);
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
  const parsed = Array.from({ length: chains }, () =>
    Array.from({ length: operationsPerChain }, () => ({ type: technique(), magnitude: share() })),
  );
  return { chains: parsed, portion: share() };
}
