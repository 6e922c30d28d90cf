// A policy as cells of a table, for the notebook's columns. Numbers keep full precision.

import { messageOf, mismatch, UsageError } from "../common/errors.ts";
import { FAMILIES, type Family } from "../config/families.ts";
import { BASES } from "../config/recipes.ts";
import { parseTechnique } from "../config/techniques.ts";
import { familyNumbers, hasStrength, mostOf } from "./family-policy.ts";
import { type FormExtension, formOfFamilies, type PolicyForm, policyOf, policyOfFamilies } from "./form.ts";
import type { Policy } from "./policy.ts";

/** Of policies that go beyond the original's form; all but `base` are the same in every row. */
const EXTENSION_COLUMNS = ["base", "mixture", "magnitudes", "redraw"];

/**
 * The columns' names: `chain_1_op_1_type`, `chain_1_op_1_magnitude`, ..., `portion`; and those of an extended form. Of policies
 * of families: `geometry_amount`, `geometry_strength`, ..., `base`.
 */
export function policyColumns({ chains, operationsPerChain, extension, families }: PolicyForm): string[] {
  if (families) return [...families.flatMap(familyColumns), EXTENSION_COLUMNS[0]];
  const columns: string[] = [];
  for (let chain = 1; chain <= chains; chain++) {
    for (let operation = 1; operation <= operationsPerChain; operation++) {
      columns.push(`chain_${chain}_op_${operation}_type`, `chain_${chain}_op_${operation}_magnitude`);
    }
  }
  return [...columns, "portion", ...(extension ? EXTENSION_COLUMNS : [])];
}

/** The columns of a family: its amount, and its strength unless that is 1 in all policies. */
export function familyColumns(family: Family): string[] {
  return hasStrength(family)
    ? [`${family.name}_amount`, `${family.name}_strength`]
    : [`${family.name}_amount`];
}

/**
 * A policy's cells, one per column of `policyColumns`; all chains must have the same length.
 * @throws RangeError if it does not consist of the form's families.
 */
export function policyCells(policy: Policy, { extension, families }: PolicyForm): string[] {
  if (families) {
    const numbers = familyNumbers(families, policy);
    if (!numbers) throw new RangeError("the policy does not consist of the search's families");
    return [...numbers.map(String), policy.base ?? "none"];
  }
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
  const { chains, operationsPerChain, extension, families } = form;
  const columns = policyColumns(form);
  if (cells.length !== columns.length) {
    throw new UsageError(`a policy has ${columns.length} cells here, not ${cells.length}`);
  }
  let next = 0;
  const share = (most = 1) => {
    const column = columns[next];
    const text = cells[next++];
    const value = Number(text);
    if (text.trim() === "" || !(value >= 0 && value <= most)) {
      throw new UsageError(mismatch(column, `a number from 0 to ${most}`, text));
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
  if (families) {
    const settings = families.map((family) => {
      const amount = share(mostOf(family));
      return { amount, strength: hasStrength(family) ? share() : 1 };
    });
    return policyOfFamilies(form, settings, oneOf(extension?.bases ?? BASES));
  }
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
  const families = FAMILIES.filter((family) => header.includes(familyColumns(family)[0]));
  if (families.length > 0) {
    const form = formOfFamilies(families, BASES);
    const [first] = policyColumns(form);
    return isWholeAt(header, header.indexOf(first), form)
      ? { form, first: header.indexOf(first) }
      : undefined;
  }
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
  return chains > 0 && isWholeAt(header, first, form) ? { form, first } : undefined;
}

function isWholeAt(header: readonly string[], first: number, form: PolicyForm): boolean {
  return policyColumns(form).every((name, index) => header[first + index] === name);
}
