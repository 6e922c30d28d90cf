// Writes docs/configuration.md from the schema, where each key is explained once.
//
//   npm run docs

import { writeFileWhole } from "../src/common/files.ts";
import { configurationPage } from "../src/config/page.ts";

writeFileWhole("docs/configuration.md", configurationPage());
