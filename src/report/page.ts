// The page of a report: one HTML file without anything outside of it. What it shows is JSON in the page, which its script sets as
// text; a Content-Security-Policy forbids all access to the network, and every script but that one.

import { createHash } from "node:crypto";
import { readAsset } from "../common/assets.ts";
import { mismatch, systemCode, systemReason, UsageError } from "../common/errors.ts";
import { writeFileWhole } from "../common/files.ts";
import { readOrdinaryFile } from "../common/ordinary-files.ts";
import type { PageContent } from "./contents.ts";

/** The beginning of every page, by which a later report knows that it may replace the file. */
const MADE_BY = "<!doctype html>\n<!-- a report of deepaugment -->\n";

/** The page's text. @throws Error if the package's own files are missing. */
export function pageOf(content: PageContent): string {
  const [script, style] = (["deepaugment/page/report.js", "deepaugment/page/report.css"] as const).map(
    (asset) => Buffer.from(readAsset(asset)).toString("utf8"),
  );
  const { name, status, progress, kind, answer } = content.report;
  const text = escapeHtml;
  return `${MADE_BY}<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policyOf(script, content.isLive)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>DeepAugment: ${text(name)}</title>
<link rel="icon" href="data:,">
<style>${style}</style>
</head>
<body>
<header>
<h1>DeepAugment: ${text(name)}</h1>
<p><span id="status">${text(`${kind}, ${status}: ${progress}`)}</span> <span id="live" class="chip unclear" role="status"${content.isLive ? "" : " hidden"}></span></p>
</header>
<nav aria-label="Parts of the report"></nav>
<main></main>
<noscript><main><h2>The answer</h2>${answer.sentences.map((sentence) => `<p>${text(sentence)}</p>`).join("")}<p>The charts need JavaScript.</p></main></noscript>
<script type="application/json" id="content">${jsonInHtml(content)}</script>
<script>${script}</script>
</body>
</html>
`;
}

/** The chart library styles its elements one by one, so styles cannot be listed by their digests; they load nothing. */
function policyOf(script: string, isLive: boolean): string {
  const digest = createHash("sha256").update(script).digest("base64");
  return [
    "default-src 'none'",
    `script-src 'sha256-${digest}'`,
    "style-src 'unsafe-inline'",
    "img-src data:",
    ...(isLive ? ["connect-src 'self'"] : []),
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");
}

function escapeHtml(text: string): string {
  const entities: Record<string, string> = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    '"': "&quot;",
    "'": "&#39;",
  };
  return text.replace(/[&<>"']/g, (character) => entities[character]);
}

/** Nothing in it can end the script element, or begin a comment in it. */
function jsonInHtml(value: unknown): string {
  return JSON.stringify(value).replace(/[<>&\u2028\u2029]/g, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
}

/**
 * Checks that a page may be written to `path`: either nothing exists there, or an earlier report.
 * @throws UsageError if another file or a folder exists there, or the name does not end in .html.
 */
export function checkPagePath(path: string): void {
  if (!/\.html?$/i.test(path))
    throw new UsageError(mismatch("--out", "a file name that ends in .html", path));
  let file: Buffer;
  try {
    file = readOrdinaryFile(path);
  } catch (error) {
    if (systemCode(error) === "ENOENT") return;
    throw new UsageError(`cannot write to ${path}: ${systemReason(error)}; give another --out`);
  }
  if (!file.subarray(0, MADE_BY.length).equals(Buffer.from(MADE_BY)))
    throw new UsageError(`${path} already exists and is not a report; give another --out or remove it`);
}

/** Writes the page atomically. @throws RunError if it cannot be written. */
export function writePage(path: string, content: PageContent): void {
  writeFileWhole(path, pageOf(content));
}
