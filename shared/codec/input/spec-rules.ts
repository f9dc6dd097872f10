// What must hold between the keys of a spec. Each rule reads only what it needs, and only where its shape is right: a fault
// elsewhere hides no other.
import * as z from "zod";
import type { FaultList } from "./fault-list.ts";
import { shown } from "./fault-list.ts";
import { specSchema, waveSchema } from "./spec-schema.ts";
import type { Path, YamlData } from "./yaml-data.ts";

type Rule = (data: YamlData, faults: FaultList) => void;

const RULES: readonly Rule[] = [
  eachWaveHasOneSelector,
  waveIdsDiffer,
  sharesAddUpTo100,
  startsAreInOrder,
  nobodyIsSelectedTwice,
  leastNoticeFitsIntoGrace,
  atOnceHasReason,
  enforceHasReason,
  breakGlassAccountsDiffer,
  exclusionsDiffer,
  sendersDiffer,
];

export function addRuleFaults(data: YamlData, faults: FaultList): void {
  for (const rule of RULES) rule(data, faults);
}

const SELECTORS = ["share", "departments", "users"] as const;

interface Item {
  readonly value: unknown;
  readonly path: Path;
}

const record = z.record(z.string(), z.unknown());

function member(value: unknown, key: string): unknown {
  const found = record.safeParse(value);
  return found.success ? found.data[key] : undefined;
}

function listAt(data: YamlData, path: readonly (string | number)[]): readonly Item[] {
  let value = data.value;
  for (const key of path) value = Array.isArray(value) ? value[Number(key)] : member(value, String(key));
  return Array.isArray(value) ? value.map((item: unknown, index) => ({ value: item, path: [...path, index] })) : [];
}

const waves = (data: YamlData): readonly Item[] => listAt(data, ["waves"]);

/** What the schema makes of one value, if it is right. */
function sound<Value>(schema: z.ZodType<Value>, value: unknown): Value | undefined {
  return schema.safeParse(value).data;
}

function eachWaveHasOneSelector(data: YamlData, faults: FaultList): void {
  for (const { value, path } of waves(data)) {
    if (!record.safeParse(value).success) continue;
    const present = SELECTORS.filter((key) => member(value, key) !== undefined);
    const second = present[1];
    if (second !== undefined) {
      const what = `The wave has ${present.join(" and ")}.`;
      faults.add(
        data.placeOfKey([...path, second]),
        what,
        "Expected one of share, departments, users. Delete the others.",
      );
    } else if (present.length === 0 && !SELECTORS.some((key) => data.isSpoiled([...path, key]))) {
      const fix = "Expected one of share, departments, users, e.g. share: 30.";
      faults.add(data.placeOf(path), "The wave says nothing of who is in it.", fix);
    }
  }
}

function waveIdsDiffer(data: YamlData, faults: FaultList): void {
  const ids = waves(data).map(({ value, path }) => ({ value: member(value, "id"), path: [...path, "id"] }));
  const keyOf = (value: unknown): string | undefined => sound(waveSchema.shape.id, value);
  addTwins(ids, { keyOf, fix: "Expected a name of its own for each wave." }, data, faults);
}

function sharesAddUpTo100(data: YamlData, faults: FaultList): void {
  const shares = waves(data).flatMap(({ value, path }) => {
    const share = member(value, "share");
    return share === undefined ? [] : [{ share: sound(waveSchema.shape.share, share), path: [...path, "share"] }];
  });
  const last = shares.at(-1);
  if (last === undefined || shares.some(({ share }) => share === undefined)) return;
  const sum = shares.reduce((total, { share }) => total + (share ?? 0), 0);
  // Thirds are written 33.33, 33.33 and 33.34; binary fractions add a little of their own.
  if (Math.abs(sum - 100) < 1e-6) return;
  const what = `The shares of the waves add up to ${Number(sum.toFixed(6))}.`;
  faults.add(data.placeOf(last.path), what, "Expected 100: they divide all whom no other wave selects.");
}

function startsAreInOrder(data: YamlData, faults: FaultList): void {
  let latest: string | undefined;
  for (const { value, path } of waves(data)) {
    const start = sound(waveSchema.shape.start, member(value, "start"));
    if (start === undefined) continue;
    // The form is fixed and zero-padded, so the order of the texts is the order of the times.
    if (latest !== undefined && start < latest) {
      const what = `The wave starts at ${start}, before the one above it (${latest}).`;
      faults.add(data.placeOf([...path, "start"]), what, "Expected the waves in the order of their starts.");
    } else {
      latest = start;
    }
  }
}

function nobodyIsSelectedTwice(data: YamlData, faults: FaultList): void {
  for (const key of ["departments", "users"] as const) {
    const items = waves(data).flatMap((_, index) => listAt(data, ["waves", index, key]));
    const fix = "Expected each in one wave only: the earlier one would take them.";
    addTwins(items, { keyOf: lowerText, fix }, data, faults);
  }
}

function leastNoticeFitsIntoGrace(data: YamlData, faults: FaultList): void {
  const grace = sound(specSchema.shape.graceDays, member(data.value, "graceDays"));
  const least = sound(specSchema.shape.leastNoticeDays, member(data.value, "leastNoticeDays"));
  if (grace === undefined || least === undefined || least <= grace) return;
  const what = `leastNoticeDays is ${least}, longer than graceDays (${grace}).`;
  faults.add(data.placeOf(["leastNoticeDays"]), what, `Expected at most ${grace}, or a longer graceDays.`);
}

function atOnceHasReason(data: YamlData, faults: FaultList): void {
  if (member(data.value, "registered") !== "at-once" || member(data.value, "registeredReason") !== undefined) return;
  faults.add(
    data.placeOf(["registered"]),
    "registered: at-once binds registered users before any deadline, and no reason is given.",
    "Add registeredReason: and why this was decided, or write registered: deferred.",
  );
}

function enforceHasReason(data: YamlData, faults: FaultList): void {
  const unregistered = member(data.value, "unregistered");
  if (member(unregistered, "then") !== "enforce" || member(unregistered, "reason") !== undefined) return;
  faults.add(
    data.placeOf(["unregistered", "then"]),
    "then: enforce binds users who have no second step, and no reason is given.",
    "Add reason: and why this was decided, beside then; or choose fail, exclude or hold.",
  );
}

function breakGlassAccountsDiffer(data: YamlData, faults: FaultList): void {
  const fix = "Expected at least two different accounts: one listed twice is one account.";
  addTwins(listAt(data, ["breakGlass"]), { keyOf: lowerText, fix }, data, faults);
}

function exclusionsDiffer(data: YamlData, faults: FaultList): void {
  const users = listAt(data, ["exclusions"]).map(({ value, path }) => ({
    value: member(value, "user"),
    path: [...path, "user"],
  }));
  addTwins(users, { keyOf: lowerText, fix: "Expected each user once. Delete one of the two." }, data, faults);
}

function sendersDiffer(data: YamlData, faults: FaultList): void {
  const fix = "Expected each mailbox once: a second entry sends no faster.";
  addTwins(listAt(data, ["senders"]), { keyOf: lowerText, fix }, data, faults);
}

function lowerText(value: unknown): string | undefined {
  return typeof value === "string" ? value.trim().toLowerCase() : undefined;
}

function addTwins(
  items: readonly Item[],
  { keyOf, fix }: { readonly keyOf: (value: unknown) => string | undefined; readonly fix: string },
  data: YamlData,
  faults: FaultList,
): void {
  const firstLine = new Map<string, number>();
  for (const { value, path } of items) {
    const key = keyOf(value);
    if (key === undefined) continue;
    const place = data.placeOf(path);
    const first = firstLine.get(key);
    if (first === undefined) firstLine.set(key, place.line);
    else faults.add(place, `${shown(String(value))} stands here a second time (first in line ${first}).`, fix);
  }
}
