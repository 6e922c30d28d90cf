// The child models by name.

import { nearest, UsageError } from "../../common/errors.ts";
import type { ModelDefinition, ModelFamily } from "../types.ts";
import { basicCnn } from "./basic-cnn.ts";
import { inceptionV3 } from "./inception-v3.ts";
import { mobilenetV2 } from "./mobilenet-v2.ts";
import { wideResnets } from "./wide-resnet.ts";

/** Lists show them in the order of MODEL_NAMES. */
const MODELS: readonly (ModelDefinition | ModelFamily)[] = [basicCnn, wideResnets, mobilenetV2, inceptionV3];

/** The model of this name, in any case. @throws UsageError for an unknown name. */
export function findModel(name: string): ModelDefinition {
  const known = name.toLowerCase();
  for (const model of MODELS) {
    if (!("form" in model) && model.name === known) return model;
    const member = "form" in model ? model.define(known) : undefined;
    if (member) return member;
  }
  const names = MODELS.flatMap((model) => ("form" in model ? [] : model.name));
  const suggestion = nearest(name, names);
  const forms = MODELS.map((model) => ("form" in model ? model.form : model.name));
  const advice = suggestion
    ? `did you mean "${suggestion}"?`
    : `known: ${[...forms, "the path of a model.json or .keras"].join(", ")}`;
  throw new UsageError(`unknown model "${name}" (key model); ${advice}`);
}
