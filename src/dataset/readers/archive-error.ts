// The error for a compressed file or an archive that cannot be read to its end.

import { messageOf, systemCode, UsageError } from "../../common/errors.ts";
import { unreadable } from "../reader.ts";

export function archiveError(path: string, error: unknown): UsageError {
  if (error instanceof UsageError) return error;
  const code = systemCode(error) ?? "";
  if (/^E[A-Z]+$/.test(code)) return unreadable(path, error);
  if (code === "Z_BUF_ERROR" || /unexpected end/i.test(messageOf(error))) {
    return new UsageError(`${path} is truncated: fetch it again`);
  }
  return new UsageError(`${path} is not a complete archive (${messageOf(error)}): fetch it again`);
}
