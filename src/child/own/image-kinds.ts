// Layers of Keras that pool, resize, pad or reshape.

import { layers } from "@tensorflow/tfjs-layers";
import type { Kinds, Layer, Recipe } from "./recipe.ts";
import { INTERPOLATIONS, Resizing } from "./resizing.ts";
import type { LayerSettings } from "./settings.ts";
import { Reshape } from "./shape-layers.ts";

const POOLS: Kinds = {
  MaxPooling2D: (recipe) => layers.maxPooling2d(recipe.pool()),
  AveragePooling2D: (recipe) => layers.averagePooling2d(recipe.pool()),
  GlobalAveragePooling2D: ({ name, settings }) =>
    kept(settings, name, layers.globalAveragePooling2d({ name, ...settings.channelsLast() })),
  GlobalMaxPooling2D: ({ name, settings }) =>
    kept(settings, name, layers.globalMaxPooling2d({ name, ...settings.channelsLast() })),
};

const SHAPES: Kinds = {
  ZeroPadding2D: ({ name, settings }) =>
    layers.zeroPadding2d({ name, padding: settings.margins("padding"), ...settings.channelsLast() }),
  Cropping2D: ({ name, settings }) =>
    layers.cropping2D({ name, cropping: settings.margins("cropping"), ...settings.channelsLast() }),
  UpSampling2D: ({ name, settings }) => {
    const size = settings.pair("size", 2);
    const interpolation = settings.choice("interpolation", INTERPOLATIONS, "nearest");
    // TensorFlow.js interpolates between other places than Keras.
    if (
      interpolation === "nearest" ||
      (interpolation === "bilinear" && settings.dialect === "tensorflowjs")
    ) {
      return layers.upSampling2d({ name, size, interpolation, ...settings.channelsLast() });
    }
    settings.channelsLast();
    const target = ([height, width]: readonly number[]) => [height * size[0], width * size[1]] as const;
    return new Resizing({
      ...{ name, target, interpolation, antialias: false, ratio: "stretch", fillValue: 0 },
    });
  },
  Resizing: (recipe) => {
    const { settings } = recipe;
    settings.expect("fill_mode", "constant");
    const isCropped = settings.flag("crop_to_aspect_ratio", false);
    const isPadded = settings.flag("pad_to_aspect_ratio", false);
    return resizing(recipe, {
      interpolation: settings.choice("interpolation", INTERPOLATIONS, "bilinear"),
      antialias: settings.flag("antialias", false),
      ratio: isCropped ? "crop" : isPadded ? "pad" : "stretch",
      fillValue: settings.number("fill_value", 0),
    });
  },
  CenterCrop: (recipe) =>
    resizing(recipe, { interpolation: "bilinear", antialias: false, ratio: "centerCrop", fillValue: 0 }),
  Flatten: ({ name, settings }) => {
    const format = settings.choice("data_format", ["channels_last", "channels_first"], "channels_last");
    return layers.flatten({ name, ...(format === "channels_first" && { dataFormat: "channelsFirst" }) });
  },
  Reshape: (recipe) => {
    const targetShape = recipe.wholes("target_shape");
    const isShape = targetShape.every((side) => side >= -1 && side !== 0);
    if (isShape && targetShape.filter((side) => side === -1).length <= 1) {
      return new Reshape({ name: recipe.name, targetShape });
    }
    throw recipe.settings.outside("target_shape", "whole numbers of at least 1, and at most one -1");
  },
  Permute: (recipe) => layers.permute({ name: recipe.name, dims: recipe.wholes("dims") }),
};

export const IMAGE_KINDS: Kinds = { ...POOLS, ...SHAPES };

/** A global pooling layer; with `keepdims`, followed by a reshape to an image of one pixel. */
function kept(settings: LayerSettings, name: string, pooling: Layer): Layer[] {
  if (!settings.flag("keepdims", false)) return [pooling];
  return [pooling, new Reshape({ name: `${name}_image`, targetShape: [1, 1, -1] })];
}

function resizing(
  { name, settings }: Recipe,
  config: Omit<ConstructorParameters<typeof Resizing>[0], "name" | "target">,
): Layer {
  settings.channelsLast();
  const target = [settings.side("height"), settings.side("width")] as const;
  return new Resizing({ name, target: () => target, ...config });
}
