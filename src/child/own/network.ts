// The graph of a user's model: applications of layers, each of which points to the applications whose outputs it takes.
// The model is everything reachable from its last application. All applications of a layer that is applied several times
// refer to the same layer object.

import type { JsonObject } from "./json.ts";

export interface NetworkLayer {
  /** In a nested model, prefixed with that model's name and a slash. */
  readonly name: string;
  readonly className: string;
  readonly config: JsonObject;
  /** The Python module that defines the class; undefined in older files. */
  readonly module?: string;
  /** It was registered in Python under this name, as classes outside Keras are. */
  readonly registeredName?: string;
  /** It stands for an operation of the file, such as `x + y`, and may be of a kind that is not a layer of Keras. */
  readonly isOperation?: boolean;
}

/** A layer applied to inputs. */
export interface Application {
  readonly layer: NetworkLayer;
  readonly inputs: readonly Application[];
}

/** Which program wrote the file. Some names mean different functions in each. */
export type Dialect = "keras2" | "keras3" | "tensorflowjs";

export interface Network {
  readonly name: string;
  readonly dialect: Dialect;
  /** The input: an application of an `InputLayer` to nothing. */
  readonly images: Application;
  /**
   * The input's dimensions, null for any: as in the file, and [height, width, channels] once its channels are last.
   * Undefined if the file does not specify them.
   */
  readonly inputShape: readonly (number | null)[] | undefined;
  readonly output: Application;
}

/** The output after `change` has replaced applications; `change` receives each one with its inputs already replaced. */
export function mapApplications(
  output: Application,
  change: (application: Application) => Application,
): Application {
  const changed = new Map<Application, Application>();
  const visit = (application: Application): Application => {
    const known = changed.get(application);
    if (known) return known;
    const inputs = application.inputs.map(visit);
    const isSame = inputs.every((input, i) => input === application.inputs[i]);
    const result = change(isSame ? application : { ...application, inputs });
    changed.set(application, result);
    return result;
  };
  return visit(output);
}
