// Adapts a user's model to the range of pixels. Children receive pixels in [0, 1], as in the original DeepAugment. A
// model that begins with a Rescaling by about 1 / 255 or the subtraction of a mean above 1, or with a Normalization whose
// means are only possible for pixels from 0 to 255, was made for such pixels: the following layers receive the same values.

import type { JsonObject } from "./json.ts";
import { type Application, mapApplications, type Network, type NetworkLayer } from "./network.ts";
import { LayerSettings } from "./settings.ts";

/**
 * Largest scale of a Rescaling for pixels from 0 to 255, typically 1 / 255 or 1 / 127.5. A larger one is for [0, 1].
 */
const LARGEST_SCALE_OF_BYTES = 1 / 16;

/** Layers that give 255 times the result for 255 times the input. */
const PROPORTIONAL = [
  ...[
    "ZeroPadding2D",
    "Cropping2D",
    "Identity",
    "Permute",
    "Reshape",
    "Flatten",
    "UpSampling2D",
    "CenterCrop",
  ],
  ...["MaxPooling2D", "AveragePooling2D", "Dropout", "SpatialDropout2D", "GaussianDropout"],
  ...["Slice", "Stack", "Concatenate", "MoveAxis", "ExpandDims", "Squeeze"],
];

/** The network, adapted to pixels in [0, 1]. @throws UsageError if the settings of such a layer are not numbers. */
export function fromUnitPixels(path: string, network: Network): Network {
  const { scalings, others } = firstLayers(network);
  const changed = new Map<NetworkLayer, NetworkLayer>();
  for (const { layer } of scalings) {
    const config = unitConfig(path, layer);
    if (config) changed.set(layer, { ...layer, config: { ...layer.config, ...config } });
  }
  if (changed.size === 0) return network;
  const canChangeAll = others.length === 0 && scalings.every(({ layer }) => changed.has(layer));
  const output = mapApplications(network.output, (application) => {
    if (canChangeAll) {
      const layer = changed.get(application.layer);
      return layer ? { ...application, layer } : application;
    }
    return application === network.images ? toBytes(application) : application;
  });
  return { ...network, output };
}

function toBytes(images: Application): Application {
  const layer = { name: "pixels_to_255", className: "Rescaling", config: { scale: 255 } };
  return { layer, inputs: [images] };
}

/** The first layers of the network that change pixels otherwise than in proportion: scalings, and others. */
function firstLayers(network: Network): { scalings: Application[]; others: Application[] } {
  const scalings: Application[] = [];
  const others: Application[] = [];
  const raw = new Set<Application>([network.images]);
  mapApplications(network.output, (application) => {
    const { layer, inputs } = application;
    if (!inputs.some((input) => raw.has(input))) return application;
    if (isProportional(layer) && inputs.every((input) => raw.has(input))) raw.add(application);
    else (isScaling(layer) ? scalings : others).push(application);
    return application;
  });
  return { scalings, others };
}

function isProportional({ className, config }: NetworkLayer): boolean {
  if (className === "Resizing") return (config.fill_value ?? 0) === 0;
  // One that was adapted to data does nothing; see its kind.
  if (className === "Normalization") return config.mean == null;
  return PROPORTIONAL.includes(className);
}

function isScaling({ className }: NetworkLayer): boolean {
  return className === "Rescaling" || className === "Normalization";
}

/**
 * The settings with which the layer maps pixels in [0, 1] as it does those from 0 to 255 now; undefined if it is
 * already made for [0, 1].
 */
function unitConfig(path: string, layer: NetworkLayer): JsonObject | undefined {
  const settings = new LayerSettings(path, layer);
  const numbers = (key: string) => settings.numbers(key) ?? [];
  if (layer.className === "Rescaling") {
    const scale = numbers("scale");
    const means = numbers("offset").map((offset, i) => -offset / (scale[i] ?? scale[0]));
    const isOfBytes = Math.max(...scale.map(Math.abs)) <= LARGEST_SCALE_OF_BYTES || Math.max(...means) > 1;
    return isOfBytes ? { scale: scale.map((each) => each * 255) } : undefined;
  }
  const [mean, variance] = [numbers("mean"), numbers("variance")];
  if (layer.config.invert === true || Math.max(...mean.map(Math.abs), ...variance) <= 1) return undefined;
  return { mean: mean.map((each) => each / 255), variance: variance.map((each) => each / 255 ** 2) };
}
