// Writes docs/configuration.md and the JSON Schemas in configs/ from the sets of keys, which explain each key once,
// docs/techniques.md from the registry, and docs/data.md from the conformance set of pictures.
//
//   npm run docs

import { writeFileWhole } from "../../src/common/files.ts";
import { configurationPage } from "./configuration.ts";
import { SCHEMA_FILES } from "./json-schemas.ts";
import { picturesPage } from "./pictures.ts";
import { techniquesPage } from "./techniques.ts";

writeFileWhole("docs/configuration.md", configurationPage());
for (const [file, text] of Object.entries(SCHEMA_FILES)) writeFileWhole(file, text);
writeFileWhole("docs/techniques.md", techniquesPage());
writeFileWhole("docs/data.md", await picturesPage());
