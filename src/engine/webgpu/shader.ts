// Our compute shaders: WGSL with storage buffers as the first bindings, in their order, and a uniform buffer of 32-bit words as
// the last, if there is one.

/** Invocations of a workgroup in elementwise shaders. */
export const WORKGROUP = 256;

export interface Shader {
  readonly name: string;
  /** All of the code, with an entry point `main`; it identifies the shader. */
  readonly code: string;
}

/** The limit of a dispatch's dimension on every device. */
export const MOST_WORKGROUPS = 65535;

/** Workgroups for `count` invocations of an elementwise shader, folded if they are too many for one dimension. */
export function workgroupsFor(count: number): [number, number, number] {
  const groups = Math.ceil(count / WORKGROUP);
  if (groups <= MOST_WORKGROUPS) return [groups, 1, 1];
  const columns = Math.ceil(Math.sqrt(groups));
  return [columns, Math.ceil(groups / columns), 1];
}

/** WGSL: an entry point that runs `body` for each `i` below `size`; dispatched with workgroupsFor(size). */
export function elementwise(size: string, body: string): string {
  return `
@compute @workgroup_size(${WORKGROUP})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = (group.y * groups.x + group.x) * ${WORKGROUP}u + lane;
  if (i >= ${size}) { return; }
${body}
}`;
}

/** Words of a uniform buffer: whole numbers, and the bits of floats. */
export function words(...values: (number | { readonly float: number })[]): Uint32Array<ArrayBuffer> {
  const result = new Uint32Array(values.length);
  const floats = new Float32Array(result.buffer);
  for (const [i, value] of values.entries()) {
    if (typeof value === "number") result[i] = value;
    else floats[i] = value.float;
  }
  return result;
}
