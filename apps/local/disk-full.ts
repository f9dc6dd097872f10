// A disk without room is a person's to mend: one sentence, wherever it is met.
import { UserFault } from "../../shared/domain/fault.ts";

const CODES: ReadonlySet<unknown> = new Set(["ENOSPC", "EDQUOT"]);

export function isDiskFull(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return ("code" in error && CODES.has(error.code)) || isDiskFull(error.cause);
}

export function diskFull(where: string): UserFault {
  return new UserFault([{ what: "the disk has no room left.", fix: "Make room, and run it again.", at: { where } }]);
}
