// The library's face.

export type { Chain, Operation, Policy } from "./policy/policy.ts";
