// The form of a search's policies: what all of them have in common.

import { isDeepStrictEqual } from "node:util";
import type { Family } from "../config/families.ts";
import type { BaseName } from "../config/recipes.ts";
import { type FamilySetting, familyChains, familySettings } from "./family-policy.ts";
import { type Chain, noAugmentation, type Policy } from "./policy.ts";

export interface PolicyForm {
  /** At least 1. Of policies of families, a base alone has such chains. */
  readonly chains: number;
  /** At least 1. */
  readonly operationsPerChain: number;
  /** Missing: the original's form. */
  readonly extension?: FormExtension;
  /** The families of which policies consist, in place of chains of any techniques; with an extension. */
  readonly families?: readonly Family[];
}

/** What goes beyond the original's form. */
export interface FormExtension {
  /** The bases that a policy may have; at least one. */
  readonly bases: readonly BaseName[];
  /** Whether a drawn image goes through one of the chains instead of through each of them; redrawn ones always do. */
  readonly mixture: boolean;
  readonly magnitudes: "fixed" | "drawn";
  readonly redraw: "once" | "epoch";
}

/** A policy of this form. */
export function policyOf(
  { chains: count, extension }: PolicyForm,
  chains: readonly Chain[],
  portion: number,
  base: BaseName = "none",
): Policy {
  if (!extension) return { chains, portion };
  const { mixture, magnitudes, redraw } = extension;
  return {
    ...{ chains, portion },
    ...(base !== "none" && { base }),
    ...(mixture && redraw === "once" && { weights: Array<number>(count).fill(1) }),
    ...(magnitudes === "drawn" && { magnitudes }),
    ...(redraw === "epoch" && { redrawn: true }),
  };
}

/** The form of policies of these families on these bases. */
export function formOfFamilies(families: readonly Family[], bases: readonly BaseName[]): PolicyForm {
  const extension: FormExtension = { bases, mixture: true, magnitudes: "drawn", redraw: "epoch" };
  return { chains: 1, operationsPerChain: 1, extension, families };
}

/** A policy of families. */
export function policyOfFamilies(
  form: PolicyForm,
  settings: readonly FamilySetting[],
  base: BaseName = "none",
): Policy {
  const made = familyChains(form.families ?? [], settings);
  if (!made) return baseAlone(form, base);
  return { ...policyOf(form, made.chains, 1, base), chances: made.chances };
}

/** Whether a policy has this form. */
export function hasForm(form: PolicyForm, policy: Policy): boolean {
  const { chains, portion, base } = policy;
  const isBase = form.extension ? form.extension.bases.includes(base ?? "none") : base === undefined;
  if (form.families) {
    const settings = familySettings(form.families, policy);
    return (
      isBase && settings !== undefined && isDeepStrictEqual(policyOfFamilies(form, settings, base), policy)
    );
  }
  return (
    isBase &&
    chains.length === form.chains &&
    chains.every((chain) => chain.length === form.operationsPerChain) &&
    isDeepStrictEqual(policyOf(form, chains, portion, base), policy)
  );
}

/** The policy of a base alone; without one, that of trial 0. It has as many operations as others of its form, at magnitude 0. */
export function baseAlone(form: PolicyForm, base: BaseName = "none"): Policy {
  const { chains } = noAugmentation(form.chains, form.operationsPerChain);
  return policyOf(form, chains, 0, base);
}
