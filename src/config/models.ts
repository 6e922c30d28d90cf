// The names of the child models, with some Wide ResNets of the many that there are. Their implementations are in
// `child/models/`; the names are here because configurations and the command line use them too.

/** In the order in which lists show them. */
export const MODEL_NAMES = [
  "basiccnn",
  "wrn_10_1",
  "wrn_16_2",
  "wrn_28_10",
  "mobilenetv2",
  "inceptionv3",
] as const;
