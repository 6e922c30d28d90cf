// Writes docs/configuration.md from the schema, which explains each key once, and docs/techniques.md from the registry.
//
//   npm run docs

import { writeFileWhole } from "../../src/common/files.ts";
import { configurationPage } from "./configuration.ts";
import { techniquesPage } from "./techniques.ts";

writeFileWhole("docs/configuration.md", configurationPage());
writeFileWhole("docs/techniques.md", techniquesPage());
