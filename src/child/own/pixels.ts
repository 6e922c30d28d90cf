// Adapts a user's model to the range of pixels. Children receive pixels in [0, 1], as in the original DeepAugment. A
// model that begins with a Rescaling by about 1 / 255, or with a Normalization whose means are only possible for pixels
// from 0 to 255, was made for pixels from 0 to 255: that layer is adjusted so that the following layers receive the
// same values.

import type { JsonObject } from "./json.ts";
import { type Application, mapApplications, type Network } from "./network.ts";
import { LayerSettings } from "./settings.ts";

/**
 * Largest scale of a Rescaling for pixels from 0 to 255, typically 1 / 255 or 1 / 127.5. A larger one is for [0, 1].
 */
const LARGEST_SCALE_OF_BYTES = 1 / 16;

/** The network, adapted to pixels in [0, 1]. @throws UsageError if the settings of such a layer are not numbers. */
export function fromUnitPixels(path: string, network: Network): Network {
  const first = firstScaling(network);
  const config = first && unitConfig(path, first);
  if (!config) return network;
  const output = mapApplications(network.output, (application) =>
    application.layer === first.layer
      ? {
          ...application,
          layer: { ...application.layer, config: { ...application.layer.config, ...config } },
        }
      : application,
  );
  return { ...network, output };
}

/** The first Rescaling, or Normalization with given means, if only padding and the like come before it. */
function firstScaling(network: Network): Application | undefined {
  let found: Application | undefined;
  const begins = (application: Application): boolean =>
    application === network.images ||
    (["ZeroPadding2D", "Normalization", "Identity"].includes(application.layer.className) &&
      application.inputs.every(begins));
  mapApplications(network.output, (application) => {
    const { className, config } = application.layer;
    const isScaling = className === "Rescaling" || (className === "Normalization" && config.mean != null);
    if (isScaling && application.inputs.every(begins)) found ??= application;
    return application;
  });
  return found;
}

/**
 * The settings with which the layer maps pixels in [0, 1] as it does those from 0 to 255 now; undefined if it is
 * already made for [0, 1].
 */
function unitConfig(path: string, { layer }: Application): JsonObject | undefined {
  const settings = new LayerSettings(path, layer);
  const numbers = (key: string) => settings.numbers(key) ?? [];
  if (layer.className === "Rescaling") {
    const scale = numbers("scale");
    if (Math.max(...scale.map(Math.abs)) > LARGEST_SCALE_OF_BYTES) return undefined;
    return { scale: scale.map((each) => each * 255) };
  }
  const [mean, variance] = [numbers("mean"), numbers("variance")];
  if (Math.max(...mean.map(Math.abs), ...variance) <= 1) return undefined;
  return { mean: mean.map((each) => each / 255), variance: variance.map((each) => each / 255 ** 2) };
}
