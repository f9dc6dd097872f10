// The tenant's people and the spec, read and judged before anything starts: wrong input leaves no trace.
import { readFileSync } from "node:fs";
import { parseSpec } from "../../../shared/codec/spec.ts";
import { parseTenantFile } from "../../../shared/codec/tenant-file.ts";
import { UserFault } from "../../../shared/domain/fault.ts";
import type { RolloutSpec } from "../../../shared/domain/spec.ts";
import type { TenantUser } from "../../../shared/domain/tenant-user.ts";
import { generateUsers } from "../tenant/generate.ts";
import type { RunFlags } from "./flags.ts";
import { generatedSenders } from "./tenant-parts.ts";

export interface RunInputs {
  readonly spec: RolloutSpec;
  readonly users: readonly TenantUser[];
  readonly notes: readonly string[];
}

/** @throws UserFault with the faults of both files */
export function readInputs(flags: RunFlags): RunInputs {
  const faults: UserFault["faults"][number][] = [];
  const collect = <T>(read: () => T): T | null => {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof UserFault)) throw error;
      faults.push(...error.faults);
      return null;
    }
  };
  const spec = collect(() => parseSpec(readInput(flags.specFile), flags.specFile));
  const { tenantFile, users: count, seed } = flags;
  const people = collect(() =>
    tenantFile === null
      ? { users: generateUsers({ count, seed }), notes: [] }
      : parseTenantFile(readInput(tenantFile), tenantFile),
  );
  if (spec === null || people === null) throw new UserFault(faults);
  const senders = flags.senders === null ? spec.senders : generatedSenders(flags.senders);
  return { spec: { ...spec, senders }, users: people.users, notes: people.notes };
}

function readInput(path: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (error) {
    const why =
      error instanceof Error && "code" in error && error.code === "ENOENT" ? "is not there." : "cannot be read.";
    throw new UserFault([{ what: why, fix: "Give the path of a file that you may read.", at: { where: path } }]);
  }
}
