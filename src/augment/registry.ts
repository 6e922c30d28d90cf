// All techniques by name.

import type { TechniqueName } from "../config/techniques.ts";
import { affineTechniques } from "./affine.ts";
import { blurTechniques } from "./blur.ts";
import { colourTechniques } from "./colour.ts";
import { contrastTechniques } from "./contrast.ts";
import { convolutionTechniques } from "./convolution.ts";
import { geometricTechniques } from "./geometric.ts";
import { noiseTechniques } from "./noise.ts";
import { pillowTechniques } from "./pillow-techniques.ts";
import type { Technique } from "./technique.ts";
import { weatherTechniques } from "./weather.ts";

export const REGISTRY: Readonly<Record<TechniqueName, Technique>> = {
  ...geometricTechniques,
  ...blurTechniques,
  ...affineTechniques,
  ...convolutionTechniques,
  ...noiseTechniques,
  ...contrastTechniques,
  ...weatherTechniques,
  ...colourTechniques,
  ...pillowTechniques,
};
