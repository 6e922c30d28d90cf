// The system's Chromium for tests of pages. Nothing is downloaded: without one, such tests are skipped.

import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import puppeteer, { type Browser, type Page } from "puppeteer-core";

const NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

const MAC = "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome";

/** The path of a Chromium: `$CHROME`, or the first one in the PATH; undefined if there is none. */
export const CHROMIUM: string | undefined = [
  process.env.CHROME,
  ...(process.env.PATH ?? "").split(delimiter).flatMap((folder) => NAMES.map((name) => join(folder, name))),
  MAC,
].find((path) => path !== undefined && path !== "" && existsSync(path));

/** Without a sandbox if the tests run as root, as in containers, for which Chromium has none. */
export function openBrowser(): Promise<Browser> {
  const isRoot = process.getuid?.() === 0;
  return puppeteer.launch({ executablePath: CHROMIUM, args: isRoot ? ["--no-sandbox"] : [] });
}

/** What a page did that it should not do, a line each: errors, warnings in its console, and requests to other hosts. */
export function problemsOf(page: Page, ownHost: string | undefined): string[] {
  const problems: string[] = [];
  page.on("pageerror", (error) => problems.push(`error: ${error}`));
  page.on("console", (message) => {
    if (["error", "warn"].includes(message.type())) problems.push(`console: ${message.text()}`);
  });
  page.on("request", (request) => {
    const url = new URL(request.url());
    const isOwn = ["file:", "data:", "blob:"].includes(url.protocol) || url.host === ownHost;
    if (!isOwn) problems.push(`request: ${url}`);
  });
  return problems;
}
