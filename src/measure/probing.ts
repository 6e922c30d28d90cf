// The worker's side of doctor's question to an engine: plain data in and plain data out. See doctor.ts.

import type { EngineName } from "../config/engines.ts";
import { probeEngine } from "../engine/choose.ts";
import type { EngineProbe, ModelInspection } from "../engine/types.ts";

export interface ProbeTask {
  readonly engine: EngineName;
  /** That is to be trained on it. */
  readonly model: string;
}

/** Whether this machine has the engine; the precision that is the fastest for the model comes first. */
export function runProbe({ engine, model }: ProbeTask): Promise<EngineProbe> {
  // Loaded only for an engine that inspects the model: the others answer sooner.
  const inspection: ModelInspection = async (inspect) => {
    const [{ inspectionOf }, { syntheticImages }] = await Promise.all([
      import("../child/model.ts"),
      import("./meter.ts"),
    ]);
    return inspectionOf(model, syntheticImages(model))(inspect);
  };
  return probeEngine(engine, inspection);
}
