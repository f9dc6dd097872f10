// The sample's rollout with other days: whole runs cost by the days that pass in them, and few promises need all of them.
import { readFileSync } from "node:fs";
import { join } from "node:path";

const SAMPLE = join(import.meta.dirname, "../../samples/rollout.yaml");

/** @param changes text of the sample, which must be there, and what stands in its place */
export function sampleSpecWith(changes: Readonly<Record<string, string>>): string {
  let spec = readFileSync(SAMPLE, "utf8");
  for (const [old, text] of Object.entries(changes)) {
    if (!spec.includes(old)) throw new Error(`samples/rollout.yaml has no "${old}" any more`);
    spec = spec.replace(old, text);
  }
  return spec;
}

/** Three waves within eight days, and nobody is waited for once the grace of 14 days is over but for one day. */
export function threeWeeksSpec(): string {
  return sampleSpecWith({
    "start: 2026-03-09T08:00": "start: 2026-03-06T08:00",
    "start: 2026-03-16T08:00": "start: 2026-03-10T08:00",
    "waitDays: 14": "waitDays: 1",
  });
}
