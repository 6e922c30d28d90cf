// Where the program keeps what it fetched, decoded and unpacked: a folder of the user's cache.

import { homedir } from "node:os";
import { join } from "node:path";

type Environment = Readonly<Record<string, string | undefined>>;

/** `$DEEPAUGMENT_HOME`, else `deepaugment` in the platform's cache folder. It may not exist yet. */
export function homeFolder(environment: Environment = process.env, platform = process.platform): string {
  if (environment.DEEPAUGMENT_HOME) return environment.DEEPAUGMENT_HOME;
  if (platform === "win32") {
    return join(environment.LOCALAPPDATA ?? join(homedir(), "AppData", "Local"), "deepaugment", "Cache");
  }
  if (platform === "darwin") return join(homedir(), "Library", "Caches", "deepaugment");
  return join(environment.XDG_CACHE_HOME || join(homedir(), ".cache"), "deepaugment");
}
