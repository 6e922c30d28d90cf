// Writes dist/man/deepaugment.1, the man page, from the help texts.

import { mkdirSync, writeFileSync } from "node:fs";
import { manPage } from "./docs/man.ts";

mkdirSync("dist/man", { recursive: true });
writeFileSync("dist/man/deepaugment.1", await manPage());
