// `$batch`: each step by itself (metered, refused, answered), answers in any order, header names in any case (Microsoft Learn:
// combine multiple HTTP requests using JSON batching).
import * as z from "zod";
import type { Answer } from "./answer.ts";
import { firstFault, graphError, ok } from "./answer.ts";
import { chance } from "../chance.ts";
import type { Places } from "./mail-places.ts";
import type { Call } from "./router.ts";
import type { Simulation } from "./simulation.ts";
import type { StepResult } from "./step.ts";
import { runStep } from "./step.ts";

const MOST_STEPS = 20;

const stepSchema = z.object({
  id: z.string().min(1),
  method: z.enum(["GET", "POST", "PUT", "PATCH", "DELETE"]),
  url: z.string().min(1),
  headers: z.record(z.string(), z.string()).optional(),
  body: z.unknown().optional(),
  dependsOn: z.array(z.string()).optional(),
});
const batchSchema = z.object({ requests: z.array(stepSchema).min(1).max(MOST_STEPS) });
export type BatchStep = z.infer<typeof stepSchema>;
export type Envelope = Pick<Call, "version" | "caller" | "origin" | "now">;

interface Entry {
  readonly id: string;
  readonly answer: Answer;
}

/** The steps, or the 400 for all of them. */
export function parseBatch(body: unknown): readonly BatchStep[] | Answer {
  const parsed = batchSchema.safeParse(body);
  if (!parsed.success) return invalidPayload(firstFault(parsed.error));
  const steps = parsed.data.requests;
  const ids = new Set(steps.map(({ id }) => id.toLowerCase()));
  if (ids.size < steps.length) return invalidPayload("Request ids must be unique.");
  for (const step of steps) {
    const because = refuseStep(step, ids);
    if (because !== null) return invalidPayload(because);
  }
  return steps;
}

function refuseStep(step: BatchStep, ids: ReadonlySet<string>): string | null {
  if (/^https?:/iu.test(step.url)) return `Absolute URL in request '${step.id}'.`;
  if (/^\/?(v1\.0|beta)(\/|$)/iu.test(step.url)) return `URL with a version in request '${step.id}'.`;
  const types = Object.keys(step.headers ?? {}).map((name) => name.toLowerCase());
  if (step.body !== undefined && !types.includes("content-type")) return `No Content-Type in request '${step.id}'.`;
  const unknown = step.dependsOn?.find(
    (id) => !ids.has(id.toLowerCase()) || id.toLowerCase() === step.id.toLowerCase(),
  );
  return unknown === undefined ? null : `Request '${step.id}' depends on '${unknown}', which is not in the batch.`;
}

function invalidPayload(detail: string): Answer {
  return graphError(400, "BadRequest", `Invalid batch payload format. ${detail}`.trim());
}

export function runBatch(tenant: Simulation, steps: readonly BatchStep[], envelope: Envelope, places: Places): Answer {
  const statusById = new Map<string, number>();
  const entries: Entry[] = [];
  const strays: Entry[] = [];
  for (const step of inOrder(steps)) {
    const result = parentFailed(step, statusById)
      ? { answer: failedDependency(), fault: null }
      : runOne(tenant, step, envelope, places);
    statusById.set(step.id.toLowerCase(), result.answer?.status ?? 504);
    if (result.answer === null) continue;
    entries.push({ id: step.id, answer: result.answer });
    const { answer } = result;
    if (result.fault?.name === "doubled-step") strays.push({ id: step.id, answer });
    if (result.fault?.name === "unknown-step") strays.push({ id: `${step.id}-unknown`, answer });
  }
  addStrays(entries, strays);
  countFailures(tenant, entries);
  const key = `${steps[0]?.url ?? ""}/${envelope.now}`;
  // Whole requests that lost every answer still hold an array: an empty one.
  return ok({ responses: shuffle(entries, tenant.options.seed, key).map((entry, i) => format(entry, i)) });
}

/** A parent without a status has not run, since it stands in a circle: as good as failed. */
function parentFailed(step: BatchStep, statusById: ReadonlyMap<string, number>): boolean {
  return step.dependsOn?.some((id) => (statusById.get(id.toLowerCase()) ?? 500) >= 400) === true;
}

function runOne(tenant: Simulation, step: BatchStep, envelope: Envelope, places: Places): StepResult {
  return runStep(
    tenant,
    { ...envelope, method: step.method, url: step.url, body: step.body, eventual: isEventual(step) },
    places,
    true,
  );
}

function isEventual({ headers = {} }: BatchStep): boolean {
  return Object.entries(headers).some(
    ([name, value]) => name.toLowerCase() === "consistencylevel" && value.toLowerCase() === "eventual",
  );
}

/** Parents first. A circle is answered as failed dependencies, which is what `statusById` makes of a parent not yet run. */
function inOrder(steps: readonly BatchStep[]): readonly BatchStep[] {
  const byId = new Map(steps.map((step) => [step.id.toLowerCase(), step]));
  const ordered = new Set<BatchStep>();
  const visit = (step: BatchStep, depth: number): void => {
    if (ordered.has(step) || depth > steps.length) return;
    for (const id of step.dependsOn ?? []) {
      const parent = byId.get(id.toLowerCase());
      if (parent !== undefined) visit(parent, depth + 1);
    }
    ordered.add(step);
  };
  for (const step of steps) visit(step, 0);
  return [...ordered];
}

/** A full batch has no room for one more: there a stray takes the place of an answer, which is then missing. */
function addStrays(entries: Entry[], strays: readonly Entry[]): void {
  for (const [index, stray] of strays.entries()) {
    if (entries.length < MOST_STEPS) entries.push(stray);
    else entries[index] = stray;
  }
}

function failedDependency(): Answer {
  return graphError(424, "FailedDependency", "A request on which this one depends has failed.");
}

function countFailures(tenant: Simulation, entries: readonly Entry[]): void {
  for (const { answer } of entries) {
    if (answer.status === 429) tenant.counters.throttled++;
    if (answer.status >= 500) tenant.counters.serverErrors++;
  }
}

function shuffle(entries: readonly Entry[], seed: number, key: string): readonly Entry[] {
  const keyed = entries.map((entry, i) => ({ entry, order: chance(seed, `${key}/${entry.id}/${i}`) }));
  return keyed.sort((a, b) => a.order - b.order).map(({ entry }) => entry);
}

/** Every third answer with small header names: readers must not care about case. */
function format({ id, answer }: Entry, index: number): Readonly<Record<string, unknown>> {
  const type = answer.body === undefined ? {} : { "Content-Type": "application/json" };
  const headers: Readonly<Record<string, string>> = { ...type, ...answer.headers };
  const cased = index % 3 === 2 ? lowerCase(headers) : headers;
  const body = answer.body === undefined ? {} : { body: answer.body };
  return { id, status: answer.status, ...(Object.keys(cased).length === 0 ? {} : { headers: cased }), ...body };
}

function lowerCase(headers: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}
