// The kinds of layers that only operations of the file become; see operations.ts.

import { Arithmetic, REDUCTIONS, Reduction, type ReductionConfig } from "./keras-layers.ts";
import type { Kinds } from "./recipe.ts";
import { ExpandDims, MoveAxis, Slice, Squeeze, Stack } from "./shape-layers.ts";
import type { Cut } from "./slices.ts";

export const OPERATION_KINDS: Kinds = {
  Divide: ({ name }) => new Arithmetic({ name, operation: "divide" }),
  Reduction: ({ name, settings }) =>
    new Reduction({
      name,
      method: settings.choice("method", Object.keys(REDUCTIONS) as ReductionConfig["method"][], "mean"),
      axes: settings.list("axes") as number[],
      keepsDimensions: settings.flag("keepdims", false),
    }),
  ExpandDims: ({ name, settings }) => new ExpandDims({ name, axis: settings.number("axis") }),
  Squeeze: ({ name, settings }) => new Squeeze({ name, axes: settings.list("axes") as number[] }),
  MoveAxis: ({ name, settings }) =>
    new MoveAxis({
      name,
      from: settings.number("from"),
      to: settings.number("to"),
      isSwap: settings.flag("isSwap", false),
    }),
  Stack: ({ name, settings }) => new Stack({ name, axis: settings.number("axis") }),
  Slice: ({ name, settings }) => new Slice({ name, cuts: settings.value("cuts") as Cut[] }),
};
