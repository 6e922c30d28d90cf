// Everything that renders, by name: the techniques, and the operations that only recipes draw.

import type { TechniqueName } from "../config/techniques.ts";
import { pillowColourOperations } from "./pillow-colour.ts";
import { pillowGeometryOperations } from "./pillow-geometry.ts";
import { REGISTRY } from "./registry.ts";
import type { Renderer } from "./technique.ts";

const RECIPE_OPERATIONS = { ...pillowGeometryOperations, ...pillowColourOperations };

/** The type of a drawn operation. */
export type DrawnName = TechniqueName | keyof typeof RECIPE_OPERATIONS;

export const RENDERERS: Readonly<Record<DrawnName, Renderer>> = { ...REGISTRY, ...RECIPE_OPERATIONS };
