// The folder for downloaded, decoded and unpacked files, in the user's cache folder.

import { homedir } from "node:os";
import { join } from "node:path";

type Environment = Readonly<Record<string, string | undefined>>;

/** `$DEEPAUGMENT_HOME`, or `deepaugment` in the platform's cache folder. It may not exist yet. */
export function homeFolder(environment: Environment = process.env, platform = process.platform): string {
  if (environment.DEEPAUGMENT_HOME) return environment.DEEPAUGMENT_HOME;
  if (platform === "win32") {
    return join(environment.LOCALAPPDATA ?? join(homedir(), "AppData", "Local"), "deepaugment", "Cache");
  }
  if (platform === "darwin") return join(homedir(), "Library", "Caches", "deepaugment");
  return join(environment.XDG_CACHE_HOME || join(homedir(), ".cache"), "deepaugment");
}

/** The path with `~`, or `~/` at its beginning, replaced by the user's home folder. Other users' (`~name/`) are left. */
export function expandHome(path: string): string {
  return /^~($|[\\/])/.test(path) ? join(homedir(), path.slice(1)) : path;
}
