// The platforms for which the addon and the executable are built, by the names that their packages have.

export interface Platform {
  /** As in process.platform and process.arch. */
  readonly os: "linux" | "darwin" | "win32";
  readonly cpu: "x64" | "arm64";
  /** Of Linux; glibc unless given. */
  readonly libc?: "musl";
  /** The target of the compiler, with the oldest glibc or macOS on which the addon is to run. */
  readonly target: string;
}

export const PLATFORMS = {
  "linux-x64": { os: "linux", cpu: "x64", target: "x86_64-linux-gnu.2.28" },
  "linux-arm64": { os: "linux", cpu: "arm64", target: "aarch64-linux-gnu.2.28" },
  "linux-x64-musl": { os: "linux", cpu: "x64", libc: "musl", target: "x86_64-linux-musl" },
  "linux-arm64-musl": { os: "linux", cpu: "arm64", libc: "musl", target: "aarch64-linux-musl" },
  "darwin-x64": { os: "darwin", cpu: "x64", target: "x86_64-macos.11.0" },
  "darwin-arm64": { os: "darwin", cpu: "arm64", target: "aarch64-macos.11.0" },
  "win32-x64": { os: "win32", cpu: "x64", target: "x86_64-windows-gnu" },
} as const satisfies Record<string, Platform>;

export type PlatformName = keyof typeof PLATFORMS;

export function isPlatform(name: string): name is PlatformName {
  return Object.hasOwn(PLATFORMS, name);
}
