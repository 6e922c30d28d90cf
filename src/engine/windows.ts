// The windows of convolutions and of pooling on images [batch, height, width, channel], by TensorFlow.js's rules for strides and
// padding. Undefined means that our kernels leave the inputs to TensorFlow.js.

import { backend_util, type Conv2DAttrs, type MaxPoolAttrs } from "@tensorflow/tfjs-core";

type Shape4D = [number, number, number, number];
export type WindowInfo = backend_util.Conv2DInfo;

/** What attributes of convolutions have in common. */
export interface ConvolutionAttrs {
  readonly strides: Conv2DAttrs["strides"];
  readonly pad: Conv2DAttrs["pad"];
  readonly dimRoundingMode?: Conv2DAttrs["dimRoundingMode"];
  readonly dataFormat?: Conv2DAttrs["dataFormat"];
  readonly dilations?: Conv2DAttrs["dilations"] | null;
}

/**
 * Of a filter [height, width, in channels, out channels]. Undefined for channels before pixels, an empty result, and
 * channels that do not fit, as those of grouped convolutions.
 */
export function convolutionInfo(
  inputShape: number[],
  filterShape: number[],
  attrs: ConvolutionAttrs,
): WindowInfo | undefined {
  return attrs.dataFormat === "NCHW" ? undefined : filterInfo(inputShape, filterShape, attrs, false);
}

/**
 * Of a filter [height, width, channels, multiplier]. Undefined as for convolutions, and for strides and dilations together,
 * which TensorFlow.js refuses.
 */
export function depthwiseInfo(
  inputShape: number[],
  filterShape: number[],
  attrs: ConvolutionAttrs,
): WindowInfo | undefined {
  if (!backend_util.eitherStridesOrDilationsAreOne(attrs.strides, attrs.dilations ?? 1)) return undefined;
  return filterInfo(inputShape, filterShape, attrs, true);
}

function filterInfo(
  inputShape: number[],
  filterShape: number[],
  { strides, pad, dimRoundingMode, dilations }: ConvolutionAttrs,
  isDepthwise: boolean,
): WindowInfo | undefined {
  const info = backend_util.computeConv2DInfo(
    inputShape as Shape4D,
    filterShape as Shape4D,
    strides,
    dilations ?? 1,
    pad,
    dimRoundingMode,
    isDepthwise,
  );
  return isEmpty(info) || info.inChannels !== filterShape[2] ? undefined : info;
}

/** Of pooling. Undefined for an empty result. */
export function poolInfo(
  inputShape: number[],
  { filterSize, strides, pad, dimRoundingMode }: MaxPoolAttrs,
): WindowInfo | undefined {
  const shape = inputShape as Shape4D;
  const info = backend_util.computePool2DInfo(shape, filterSize, strides, 1, pad, dimRoundingMode);
  return isEmpty(info) ? undefined : info;
}

function isEmpty({ outShape }: WindowInfo): boolean {
  return outShape.some((size) => size <= 0);
}
