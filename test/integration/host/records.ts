// What the sample function app wrote down: one JSON line an event, from whatever instance.
import { existsSync, readFileSync } from "node:fs";
import { z } from "zod";

const schema = z.looseObject({ what: z.string(), pid: z.number(), at: z.number(), wall: z.number() });
export type Recorded = z.infer<typeof schema>;

export function readRecords(file: string): Recorded[] {
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, "utf8").split("\n").slice(0, -1);
  return lines.map((line) => schema.parse(JSON.parse(line)));
}
