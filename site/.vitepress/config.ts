// The documentation as a site in build/site: README.md, docs/, and the reference of the library that TypeDoc writes from the
// docstrings. A link to a page or a file that does not exist is an error, and so is a page that is not in the sidebar.

import { cpSync, existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import htmlBlock from "markdown-it/lib/rules_block/html_block.mjs";
import { defineConfig } from "vitepress";

const ROOT = join(import.meta.dirname, "../..");
const OUT = join(ROOT, "build/site");

/** What pages link to besides pages. */
const FILES = ["configs", "deploy", "examples", "docs/example-reports"];

const SECTIONS: Readonly<Record<string, readonly string[]>> = {
  Begin: ["README", "docs/tutorial", "docs/budget", "docs/data-layouts", "docs/data"],
  "Use what was found": ["docs/evaluation", "docs/report", "docs/export", "docs/pipelines", "docs/recipes"],
  "The search": [
    ...["docs/search", "docs/techniques", "docs/configuration", "docs/experiments"],
    ...["docs/models", "docs/own-model"],
  ],
  "Speed, and several machines": ["docs/engines", "docs/platforms", "docs/performance", "docs/machines"],
  "What was measured": ["docs/results", "docs/measuring", "docs/augmentation-speed", "docs/imgaug"],
  "For programs": ["docs/library", "site/api/index"],
  "The project": ["CHANGELOG", "CONTRIBUTING", "SECURITY", "docs/internals"],
};

const pages = Object.values(SECTIONS).flat();
const homeless = readdirSync(join(ROOT, "docs")).filter(
  (name) => name.endsWith(".md") && !pages.includes(`docs/${basename(name, ".md")}`),
);
if (homeless.length > 0) throw new Error(`site/.vitepress/config.ts has no place for ${homeless.join(", ")}`);

/** The first heading of a page. */
function titleOf(page: string): string {
  const text = readFileSync(join(ROOT, `${page}.md`), "utf8");
  return /^# (.+)$/m.exec(text)?.[1] ?? basename(page);
}

/** Where a page is on the site. */
function placeOf(page: string): string {
  if (page === "README") return "index";
  return page.replace(/^site\//, "");
}

// biome-ignore lint/style/noDefaultExport: VitePress reads it.
export default defineConfig({
  title: "DeepAugment",
  description: "Finds the image augmentation policy that helps most on your images",
  srcDir: ROOT,
  outDir: OUT,
  cacheDir: join(ROOT, "build/site-cache"),
  // Only what has a place in the sidebar, and what such pages link to.
  srcExclude: ["**/{node_modules,build,dist,test,native,reports}/**", ".github/**", "measurements/*/**"],
  rewrites: Object.fromEntries(pages.map((page) => [`${page}.md`, `${placeOf(page)}.md`])),
  // Example reports are no pages of the site, but copied.
  ignoreDeadLinks: [(link) => existsSync(join(ROOT, "docs", `${link}.html`))],
  // Long lines of the docstrings' examples.
  head: [["style", {}, ".vp-doc pre { overflow-x: auto }"]],
  // Pages outside this folder import Vue, too.
  vite: {
    resolve: {
      alias: [{ find: /^vue($|\/)/, replacement: `${join(import.meta.dirname, "../node_modules/vue")}$1` }],
    },
    build: { chunkSizeWarningLimit: 2000 },
  },
  buildEnd() {
    for (const path of FILES) cpSync(join(ROOT, path), join(OUT, path), { recursive: true });
  },
  markdown: {
    // Without VitePress's rule, by which a line that begins with <experiment> is a component of Vue, also within code.
    config: (markdown) =>
      markdown.block.ruler.at("html_block", htmlBlock, { alt: ["paragraph", "reference", "blockquote"] }),
  },
  themeConfig: {
    outline: [2, 3],
    search: { provider: "local" },
    sidebar: Object.entries(SECTIONS).map(([text, own]) => ({
      text,
      items: own.map((page) => ({ text: titleOf(page), link: `/${placeOf(page)}` })),
    })),
  },
});
