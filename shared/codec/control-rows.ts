// The rows `control` and `ledger`, version 1.
import * as z from "zod";
import type { Control } from "../domain/control.ts";
import { LEVEL } from "../domain/control.ts";
import type { Columns } from "../domain/journal.ts";
import type { Ledger } from "../domain/ledger.ts";
import { STEPS } from "../domain/names.ts";
import { count, formatLongText, parseLongText, parseJsonRow, parseRow, onceEach } from "./columns.ts";

const id = z.string().regex(/^[a-z0-9-]{1,40}$/);
const instant = z.int().min(0);
const retry = z.object({ baseMs: count, capMs: count, attemptsMax: count });
const policy = z.object({
  graceMs: count,
  leastNoticeMs: count,
  unregisteredWaitMs: count,
  unregisteredThen: z.enum(["fail", "exclude", "hold", "enforce"]),
  unregisteredReason: z.string(),
  registered: z.enum(["deferred", "at-once"]),
  retry,
});
const stop = z.object({
  wave: z.union([id, z.literal("*")]),
  because: z.string(),
  by: z.string(),
  at: instant,
  restoreToo: z.boolean().optional(),
});
const rollout = z.object({
  id,
  policy,
  timeZone: z.string(),
  helpContact: z.string(),
  breakGlass: z.array(z.string()),
  stops: z.array(stop),
  drift: z
    .object({ at: instant, wave: id, batch: count, reverts: z.array(z.object({ at: instant, wave: id, count })) })
    .optional(),
});
const versioned = z.object({ v: z.literal(1) });
const control = z.object({
  // A storage format that this version does not know is left to the one that wrote it.
  level: count.max(LEVEL),
  notBefore: z.object({ "graph-write": instant, "graph-read": instant, mail: instant, reports: instant }),
  throttledAt: instant,
  reportAt: instant,
  rollouts: z.array(rollout),
}) satisfies z.ZodType<Control>;

export function formatControl(value: Control): Columns {
  return { v: 1, level: value.level, ...formatLongText("json", JSON.stringify(value)) };
}

export const parseControl = onceEach((columns): Control => {
  parseRow(versioned, columns, "the control row");
  return parseJsonRow(control, parseLongText("json", columns), "the control row");
});

const bucket = z.object({ capacity: z.number(), ratePerSecond: z.number(), tokens: z.number(), at: instant });
const grant = z.array(z.object({ sender: z.string(), count }));
const entry = z.object({
  rollout: id,
  wave: id,
  batch: count,
  step: z.enum(STEPS),
  seq: count,
  at: instant,
  writes: count,
  writesBefore: count,
  grant,
});
const ledger = z.object({
  graph: bucket,
  loweredAt: instant,
  senders: z.array(
    z.object({
      sender: z.string(),
      minute: bucket,
      day: z.object({ perDay: count, hours: z.array(z.object({ hour: count, count })) }),
    }),
  ),
  entries: z.array(entry),
  releases: count,
  wakeAt: instant,
  verifiedTo: instant.optional(),
}) satisfies z.ZodType<Ledger>;

export function formatLedger(value: Ledger): Columns {
  return { v: 1, ...formatLongText("json", JSON.stringify(value)) };
}

export const parseLedger = onceEach((columns): Ledger => {
  parseRow(versioned, columns, "the ledger");
  return parseJsonRow(ledger, parseLongText("json", columns), "the ledger");
});
