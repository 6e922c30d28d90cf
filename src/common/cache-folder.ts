// Where this program keeps what it can make again: fetched datasets, decoded images, unpacked assets.

import { homedir } from "node:os";
import { join } from "node:path";

/** `$DEEPAUGMENT_HOME`, else `deepaugment` in the platform's cache folder. It need not exist yet. */
export function cacheFolder(): string {
  const { DEEPAUGMENT_HOME, XDG_CACHE_HOME, LOCALAPPDATA } = process.env;
  if (DEEPAUGMENT_HOME) return DEEPAUGMENT_HOME;
  if (process.platform === "win32") return join(LOCALAPPDATA ?? join(homedir(), "AppData", "Local"), "deepaugment");
  if (process.platform === "darwin") return join(homedir(), "Library", "Caches", "deepaugment");
  return join(XDG_CACHE_HOME ?? join(homedir(), ".cache"), "deepaugment");
}
