// What pixels a user's model expects. Children are given pixels in [0, 1], as the original DeepAugment gave them to every
// model. A model that begins with a Rescaling by 1 / 255 or so, or with a Normalization by means that only 0 to 255 can
// have, was made for pixels from 0 to 255, and gets the same values within itself as it would have had from those.

import type { JsonObject } from "./json.ts";
import { type Application, mapApplications, type Network } from "./network.ts";
import { LayerSettings } from "./settings.ts";

/** Of Rescaling: pixels from 0 to 255 are scaled down, by 1 / 255 or 1 / 127.5 mostly; those in [0, 1] are not. */
const LARGEST_SCALE_OF_BYTES = 1 / 16;

/** The network for pixels in [0, 1]. @throws UsageError where the settings of such a layer are not numbers. */
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

/** What the images go through before all other layers, if it has numbers of its own. */
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

/** The settings that do to a pixel in [0, 1] what the layer does to that from 0 to 255; undefined if it is made for [0, 1]. */
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
