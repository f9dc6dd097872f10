// rollout.yaml → RolloutSpec. Everything that is wrong with it is said at once, each with line and column.
import type { RegisteredSpec, RolloutSpec, WaveSpec } from "../domain/spec.ts";
import type { WaveSelector } from "../domain/waves.ts";
import { decodeText } from "./input/decode-text.ts";
import { createFaultList } from "./input/fault-list.ts";
import type { FaultList } from "./input/fault-list.ts";
import { addShapeFaults } from "./input/spec-faults.ts";
import { addRuleFaults } from "./input/spec-rules.ts";
import { specSchema } from "./input/spec-schema.ts";
import type { SpecInput } from "./input/spec-schema.ts";
import { readYaml } from "./input/yaml-data.ts";

/** Ten thousand users named one by one are half of it. */
const CHARACTERS_MAX = 4_000_000;
const LEAST_NOTICE_DAYS = 7;

/**
 * @param where the file's name, as faults print it
 * @throws UserFault with all faults
 */
export function parseSpec(text: string | Uint8Array, where: string): RolloutSpec {
  const faults = createFaultList(where);
  const input = readInput(text, faults);
  faults.throwIfAny();
  if (input === undefined) throw new Error("a spec without a fault has a value");
  return specOf(input);
}

function readInput(source: string | Uint8Array, faults: FaultList): SpecInput | undefined {
  const saveAs = "In the editor: Save with encoding, UTF-8.";
  const decoded =
    typeof source === "string" ? source.replace(/^\ufeff/u, "") : decodeText(source, saveAs, faults)?.text;
  if (decoded === undefined) return undefined;
  const start = { line: 1, column: 1 };
  if (decoded.length > CHARACTERS_MAX) {
    faults.add(start, `The file has ${decoded.length} characters.`, `Expected a spec of at most ${CHARACTERS_MAX}.`);
    return undefined;
  }
  const data = readYaml(decoded, faults);
  if (data === undefined) return undefined;
  if (data.value === undefined) {
    faults.add(
      start,
      "The file is empty.",
      "Expected the keys of a rollout; samples/rollout.yaml is one to start from.",
    );
    return undefined;
  }
  const result = specSchema.safeParse(data.value);
  if (!result.success) addShapeFaults(result.error.issues, data, faults);
  addRuleFaults(data, faults);
  return result.data;
}

function specOf(input: SpecInput): RolloutSpec {
  const { apiVersion, rollout, timeZone, waves, graceDays, soakDays, unregistered } = input;
  return {
    apiVersion,
    rollout,
    timeZone,
    waves: waves.map(waveOf),
    graceDays,
    soakDays,
    // A short grace needs no second number: the default bends to it, a number that was written down does not.
    leastNoticeDays: input.leastNoticeDays ?? Math.min(LEAST_NOTICE_DAYS, graceDays),
    registered: registeredOf(input),
    unregistered: { ...unregistered, reason: unregistered.reason ?? "" },
    breakGlass: input.breakGlass,
    exclusions: input.exclusions,
    senders: input.senders,
  };
}

function waveOf({ id, start, ...input }: SpecInput["waves"][number]): WaveSpec {
  return { id, selector: selectorOf(input), start };
}

function selectorOf({ share, departments, users }: Omit<SpecInput["waves"][number], "id" | "start">): WaveSelector {
  if (share !== undefined) return { kind: "share", percent: share };
  if (departments !== undefined) return { kind: "departments", departments };
  return { kind: "users", users: users ?? [] };
}

function registeredOf({ registered, registeredReason }: SpecInput): RegisteredSpec {
  return registered === "deferred" ? { mode: "deferred" } : { mode: "at-once", reason: registeredReason ?? "" };
}
