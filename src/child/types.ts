// What a child model is: how it is defined, built, and handed to the trainer.

import type { LayersModel } from "@tensorflow/tfjs-layers";
import type { Engine } from "../engine/types.ts";
import type { ChildOptimizer } from "./optimizers.ts";

/** The images that a model is built for. */
export interface ModelImages {
  /** In pixels. */
  readonly height: number;
  readonly width: number;
  readonly classes: number;
  /** Of the user's own model: whether a last layer for another number of classes may be replaced. */
  readonly replaceHead?: boolean;
}

export interface ModelOptions extends ModelImages {
  /** Decides the weights and the dropout masks. */
  readonly seed: number;
  readonly engine: Engine;
  /** For a model that is inspected and never run: weights are 0, which takes no time. */
  readonly isShapeOnly?: boolean;
}

/** A fresh child, ready to be trained once. */
export interface ChildModel {
  /** Pixels in [0, 1], [batch, height, width, 3], to logits [batch, classes]. */
  readonly net: LayersModel;
  readonly optimizer: ChildOptimizer;
  /** What it is trained on. */
  readonly engine: Engine;
}

/** A model that can be chosen. */
export interface ModelDefinition {
  /** In lower case. */
  readonly name: string;
  /** What it is, in a line. */
  readonly about: string;
  /** The smallest height and width of the images that it takes, in pixels. */
  readonly smallestSide: number;
  /** It has at least this many; left out if any machine has memory for them. */
  readonly weights?: number;
  readonly build: (options: ModelOptions) => ChildModel;
}

/** Models whose names have a common form. */
export interface ModelFamily {
  /** Such as "wrn_<depth>_<width>". */
  readonly form: string;
  /**
   * The member of this name, in lower case; undefined if the name is not of the family.
   * @throws UsageError if it is, but there is no such member.
   */
  readonly define: (name: string) => ModelDefinition | undefined;
}
