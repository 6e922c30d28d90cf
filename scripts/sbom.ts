// The software bill of materials of an executable, in the form of CycloneDX: what npm writes for the whole repository
// (https://docs.npmjs.com/cli/commands/npm-sbom), as far as it is in the executable, and Node.

import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";

interface Component {
  readonly "bom-ref": string;
  readonly type: string;
  readonly name: string;
  readonly version: string;
  readonly purl: string;
  readonly licenses?: readonly object[];
  readonly scope?: string;
  readonly properties?: readonly object[];
}

interface Bill {
  readonly metadata: { readonly component: Component };
  readonly components: readonly Component[];
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn: readonly string[] }[];
}

/** @param folders of the packages in it, in node_modules. */
export function sbomOf(executable: string, folders: ReadonlySet<string>): string {
  const bill: Bill = JSON.parse(
    execFileSync("npm", ["sbom", "--sbom-format", "cyclonedx", "--package-lock-only"], {
      encoding: "utf8",
      maxBuffer: 1e9,
    }),
  );
  const own = bill.metadata.component;
  const packages = [...folders].map((folder) => componentOf(folder, bill.components));
  const node: Component = {
    ...{ "bom-ref": `node@${process.versions.node}`, type: "platform", name: "node" },
    ...{ version: process.versions.node, purl: `pkg:generic/node@${process.versions.node}` },
    licenses: [{ license: { id: "MIT" } }],
  };
  const components = [...packages, node].sort((a, b) => (a["bom-ref"] < b["bom-ref"] ? -1 : 1));
  const isInside = (ref: string) => components.some((component) => component["bom-ref"] === ref);
  const hash = createHash("sha256").update(readFileSync(executable)).digest("hex");
  const component = {
    ...{ ...own, type: "application", name: "deepaugment", hashes: [{ alg: "SHA-256", content: hash }] },
  };
  const dependencies = bill.dependencies
    .filter(({ ref }) => ref === own["bom-ref"] || isInside(ref))
    .map(({ ref, dependsOn }) => ({ ref, dependsOn: dependsOn.filter(isInside) }));
  return `${JSON.stringify({ ...bill, metadata: { ...bill.metadata, component }, components, dependencies }, null, 2)}\n`;
}

function componentOf(folder: string, components: readonly Component[]): Component {
  const { name, version } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  const found = components.find((component) => component["bom-ref"] === `${name}@${version}`);
  if (!found) throw new Error(`package-lock.json lacks ${name}@${version}, which is in ${folder}`);
  // All is required here, also what is a dependency of the build alone.
  const { scope, properties, ...rest } = found;
  return rest;
}
