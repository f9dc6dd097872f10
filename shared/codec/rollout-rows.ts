// Rows of table `rollouts`, version 1: `meta`, `wave_<nn>`, `gate_…`, `progress_<wave>`.
import * as z from "zod";
import { PHASES } from "../domain/enrollment.ts";
import { GATES } from "../domain/gate.ts";
import type { Columns } from "../domain/journal.ts";
import type { WaveProgress } from "../domain/progress.ts";
import type { Rollout, Wave } from "../domain/rollout.ts";
import { ROLLOUT_STATUSES, WAVE_STATUSES } from "../domain/rollout.ts";
import { count, formatTime, parseJsonRow, parseRow, time, timeOrZero, onceEach } from "./columns.ts";

export const META_KEY = "meta";
export const waveKey = (index: number): string => `wave_${String(index).padStart(2, "0")}`;
export const progressKey = (wave: string): string => `progress_${wave}`;
export function gateKey(wave: string, gate: string, at: number): string {
  return `gate_${wave}_${gate}_${formatTime(at).replaceAll(/[-:.]/g, "")}`;
}

const span = z
  .string()
  .regex(/^\d{1,15}$/)
  .transform(Number);
const meta = z.object({
  v: z.literal(1),
  id: z.string(),
  status: z.enum(ROLLOUT_STATUSES),
  appliedAt: timeOrZero,
  users: count,
  soakMs: span,
  breakGlass: z.string(),
  senders: z.string(),
  breakGlassAt: timeOrZero,
  breakGlassValid: z.boolean(),
  breakGlassBecause: z.string(),
});
const texts = z.array(z.string());

export function formatRollout(rollout: Rollout): Columns {
  const { id, status, appliedAt, users, soakMs, breakGlass, senders, breakGlassCheck } = rollout;
  return {
    v: 1,
    id,
    status,
    appliedAt: formatTime(appliedAt),
    users,
    soakMs: String(soakMs),
    breakGlass: JSON.stringify(breakGlass),
    senders: JSON.stringify(senders),
    breakGlassAt: breakGlassCheck.at === 0 ? "" : formatTime(breakGlassCheck.at),
    breakGlassValid: breakGlassCheck.valid,
    breakGlassBecause: breakGlassCheck.because,
  };
}

export const parseRollout = onceEach((columns): Rollout => {
  const row = parseRow(meta, columns, "a rollout");
  const { id, status, appliedAt, users, soakMs, breakGlassAt, breakGlassValid, breakGlassBecause } = row;
  return {
    id,
    status,
    appliedAt,
    users,
    soakMs,
    breakGlass: parseJsonRow(texts, row.breakGlass, "a rollout's break-glass accounts"),
    senders: parseJsonRow(texts, row.senders, "a rollout's senders"),
    breakGlassCheck: { at: breakGlassAt, valid: breakGlassValid, because: breakGlassBecause },
  };
});

const wave = z.object({
  v: z.literal(1),
  id: z.string(),
  index: count,
  status: z.enum(WAVE_STATUSES),
  startAt: timeOrZero,
  users: count,
  batches: count,
  openedAt: timeOrZero,
  launchedAt: timeOrZero,
  doneAt: timeOrZero,
});
const orEmpty = (at: number): string => (at === 0 ? "" : formatTime(at));

export function formatWave({ startAt, openedAt, launchedAt, doneAt, ...rest }: Wave): Columns {
  const times = {
    startAt: orEmpty(startAt),
    openedAt: orEmpty(openedAt),
    launchedAt: orEmpty(launchedAt),
    doneAt: orEmpty(doneAt),
  };
  return { v: 1, ...rest, ...times };
}

export const parseWave = onceEach((columns): Wave => {
  const { id, index, status, startAt, users, batches, openedAt, launchedAt, doneAt } = parseRow(
    wave,
    columns,
    "a wave",
  );
  return { id, index, status, startAt, users, batches, openedAt, launchedAt, doneAt };
});

const gate = z.object({
  v: z.literal(1),
  wave: z.string(),
  gate: z.enum(GATES),
  result: z.enum(["open", "closed", "inconclusive"]),
  because: z.string(),
  nextLook: timeOrZero,
  at: time,
});
type GateRow = Omit<z.output<typeof gate>, "v">;

export function formatGate({ nextLook, at, ...rest }: GateRow): Columns {
  return { v: 1, ...rest, nextLook: orEmpty(nextLook), at: formatTime(at) };
}

export const parseGate = onceEach((columns): GateRow => {
  const { wave: of, gate: name, result, because, nextLook, at } = parseRow(gate, columns, "a gate result");
  return { wave: of, gate: name, result, because, nextLook, at };
});

const progressRow = z.object({ v: z.literal(1), json: z.string() });
const progress = z.object({
  wave: z.string(),
  phases: z.record(z.enum(PHASES), count),
  failures: z.record(z.string(), count),
  notices: z.object({ sent: count, uncertain: count }),
}) satisfies z.ZodType<WaveProgress>;

export function formatProgress(value: WaveProgress, at: number): Columns {
  return { v: 1, at: formatTime(at), json: JSON.stringify(value) };
}

export const parseProgress = onceEach((columns): WaveProgress => {
  const { json } = parseRow(progressRow, columns, "a wave's progress");
  return parseJsonRow(progress, json, "a wave's progress");
});
