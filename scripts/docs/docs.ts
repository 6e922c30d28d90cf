// Writes docs/configuration.md from the schema, which explains each key once, docs/techniques.md from the registry, and
// docs/data.md from the conformance set of pictures.
//
//   npm run docs

import { writeFileWhole } from "../../src/common/files.ts";
import { configurationPage } from "./configuration.ts";
import { picturesPage } from "./pictures.ts";
import { techniquesPage } from "./techniques.ts";

writeFileWhole("docs/configuration.md", configurationPage());
writeFileWhole("docs/techniques.md", techniquesPage());
writeFileWhole("docs/data.md", await picturesPage());
