// Reads the policies that a user gives in any form: a policy file, a pipeline of Albumentations, or the name of an automatic
// augmentation of torchvision.

import { existsSync } from "node:fs";
import { parseDocument } from "yaml";
import { messageOf, systemReason, UsageError } from "../common/errors.ts";
import { readOrdinaryFile } from "../common/ordinary-files.ts";
import { decodeText } from "../common/text.ts";
import {
  atPath,
  contentIn,
  formatPlainPolicies,
  type GivenPolicies,
  givenPoliciesIn,
  MOST_BYTES,
} from "../policy/policy-file.ts";
import { albumentationsPolicy, isAlbumentations } from "./albumentations.ts";
import { isTorchvision, torchvisionPolicy } from "./torchvision.ts";

/**
 * Reads policies.
 * @param source the path of a policy file, or of a pipeline of Albumentations in JSON or YAML; or the name of an augmentation of
 *   torchvision, such as `torchvision:RandAugment(num_ops=2, magnitude=9)`.
 * @throws UsageError in one line, naming the file and the place in it, also for a pipeline that policies do not express exactly.
 */
export function readGivenPolicies(source: string): GivenPolicies {
  return isNameOf(source) ? { policies: [torchvisionPolicy(source)] } : policiesIn(source, textOf(source));
}

/** The text of a policy file for the same policies: the file itself if it is one. @throws UsageError like `readGivenPolicies`. */
export function policyText(source: string): string {
  if (isNameOf(source)) return formatPlainPolicies([torchvisionPolicy(source)]);
  const text = textOf(source);
  const { policies, dataset } = policiesIn(source, text);
  return dataset ? text : formatPlainPolicies(policies);
}

/** Whether it is a name, and not a path: a file of this name comes first. */
export function isNameOf(source: string): boolean {
  return isTorchvision(source) && !existsSync(source);
}

function textOf(path: string): string {
  try {
    return decodeText(readOrdinaryFile(path, MOST_BYTES));
  } catch (error) {
    throw new UsageError(`cannot read the policies ${path}: ${systemReason(error)}`);
  }
}

function policiesIn(path: string, text: string): GivenPolicies {
  return atPath(path, () => {
    const content = isYaml(path, text) ? yamlIn(text) : contentIn(text);
    return isAlbumentations(content)
      ? { policies: [albumentationsPolicy(content)] }
      : givenPoliciesIn(content);
  });
}

/** JSON begins with a brace; so does YAML in its short form, which is JSON in all that we read. */
function isYaml(path: string, text: string): boolean {
  return !/^\s*\{/.test(text) && (/\.ya?ml$/i.test(path) || /^(__version__|transform):/m.test(text));
}

/** Parsing a megabyte of YAML takes seconds; a pipeline of hundreds of transforms has a tenth of it. */
const MOST_CHARACTERS = 262_144;

function yamlIn(text: string): unknown {
  if (text.length > MOST_CHARACTERS)
    throw new UsageError(
      `it has ${text.length} characters, more than the ${MOST_CHARACTERS} that a pipeline in YAML may have; save it as JSON`,
    );
  // The library would compare each key with all others.
  const document = parseDocument(text, { prettyErrors: false, uniqueKeys: false });
  const problem = document.errors[0] ?? document.warnings[0];
  if (problem) throw new UsageError(`not valid YAML: ${messageOf(problem)}`);
  try {
    return document.toJS();
  } catch (error) {
    throw new UsageError(`not valid YAML: ${messageOf(error)}`);
  }
}
