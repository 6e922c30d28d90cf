// Converts a layer of the file to layers of TensorFlow.js or our own, or says why there is none.

import { messageOf, UsageError } from "../../common/errors.ts";
import type { Constraint } from "./constraints.ts";
import { KINDS } from "./kinds.ts";
import type { NetworkLayer } from "./network.ts";
import { OPERATION_KINDS } from "./operation-kinds.ts";
import { type Layer, type LayerOptions, Recipe } from "./recipe.ts";
import { LayerSettings, type Penalty } from "./settings.ts";

export interface CreatedLayer {
  /** Applied one after another; empty for a layer that does nothing. */
  readonly layers: readonly Layer[];
  /** Keyed by the weight's name within the layer. */
  readonly penalties: ReadonlyMap<string, Penalty>;
  readonly constraints: ReadonlyMap<string, Constraint>;
}

/**
 * Creates a layer of the file.
 * @throws UsageError naming the layer if its kind or one of its settings is not supported.
 */
export function createLayer(layer: NetworkLayer, options: LayerOptions): CreatedLayer {
  const settings = new LayerSettings(options.path, layer, options.dialect);
  const { className, isOperation } = layer;
  const kinds = isOperation ? { ...KINDS, ...OPERATION_KINDS } : KINDS;
  const problem = isOperation ? undefined : problemOf(layer);
  if (problem) throw settings.error(problem);
  const recipe = new Recipe(settings, options);
  let made: Layer | Layer[];
  try {
    made = kinds[className](recipe);
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw settings.error(`has settings that are not supported: ${messageOf(error)}`);
  }
  settings.finish();
  const { penalties, constraints } = recipe;
  return { layers: Array.isArray(made) ? made : [made], penalties, constraints };
}

const AUGMENTS = "augments images; remove it, since augmenting is up to the policies that are evaluated";

/** Keras layers that a child must not have, with the reason. */
const REFUSED: Record<string, string> = {
  Lambda: "contains Python code, which cannot run here; use Keras layers instead",
  TensorFlowOpLayer:
    "is an operation as TensorFlow 2.3 and older write it; save the model with Keras 2.4 or newer",
  ...{ RandomFlip: AUGMENTS, RandomRotation: AUGMENTS, RandomZoom: AUGMENTS, RandomCrop: AUGMENTS },
  ...{ RandomTranslation: AUGMENTS, RandomContrast: AUGMENTS, RandomBrightness: AUGMENTS },
  ...{ RandomHeight: AUGMENTS, RandomWidth: AUGMENTS, RandAugment: AUGMENTS, AugMix: AUGMENTS },
  ...{ CutMix: AUGMENTS, MixUp: AUGMENTS, RandomErasing: AUGMENTS, RandomShear: AUGMENTS },
  ...{ RandomColorJitter: AUGMENTS, RandomColorDegeneration: AUGMENTS, RandomGaussianBlur: AUGMENTS },
  ...{ RandomGrayscale: AUGMENTS, RandomHue: AUGMENTS, RandomInvert: AUGMENTS, RandomPerspective: AUGMENTS },
  ...{ RandomPosterization: AUGMENTS, RandomSaturation: AUGMENTS, RandomSharpness: AUGMENTS },
  ...{ RandomElasticTransform: AUGMENTS },
};

/** Layers of keras.applications, outside Keras's own module of layers. */
const OF_APPLICATIONS = ["LayerScale", "StochasticDepth", "CustomScaleLayer"];

/** Why a layer of the file is not supported, phrased to follow its name. */
function problemOf({ className, module, registeredName }: NetworkLayer): string | undefined {
  if (Object.hasOwn(REFUSED, className)) return REFUSED[className];
  // Older files have no modules. Classes outside Keras may have the name of a Keras layer.
  const isOfKeras = /^(tf_)?keras\b/.test(module ?? "keras");
  if (isOfKeras && OF_APPLICATIONS.includes(className)) return undefined;
  const isRegistered = registeredName?.includes(">") === true;
  if (isRegistered || !isOfKeras) {
    return `is not supported, since it is a class of its own (${isRegistered ? registeredName : module}), whose code is not in the file; use Keras layers instead`;
  }
  const isLayer = /^(tf_)?keras\.(src\.)?layers\b/.test(module ?? "keras.layers");
  if (isLayer && Object.hasOwn(KINDS, className)) return undefined;
  return `is not supported; use ${Object.keys(KINDS).join(", ")}`;
}
