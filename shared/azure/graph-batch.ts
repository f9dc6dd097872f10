// `$batch` with bodies of our own: each step has its own answer, and a step without one is unknown (invariant 4).
import { graphEnvelope, graphError, graphStep } from "../codec/graph-answers.ts";
import type { GraphStep } from "../codec/graph-answers.ts";
import type { Answer } from "../domain/failure.ts";
import { classify } from "../domain/failure.ts";
import type { Instant } from "../domain/instant.ts";
import { parseRetryAfter } from "../domain/retry.ts";
import type { Clock } from "../ports/clock.ts";
import type { Log } from "../ports/log.ts";
import type { GraphClient, GraphHooks } from "./graph-client.ts";
import { answeredAt } from "./graph-client.ts";

export interface BatchStep {
  readonly method: "GET" | "PATCH" | "POST";
  /** Relative, without version. */
  readonly url: string;
  readonly body?: object;
}

export interface StepAnswer {
  readonly answer: Answer;
  readonly body: unknown;
}

const UNKNOWN: StepAnswer = { answer: { kind: "none" }, body: null };

export interface BatchDeps {
  readonly client: GraphClient;
  readonly clock: Clock;
  readonly log: Log;
  readonly hooks: GraphHooks;
}

export async function runGraphBatch(
  deps: BatchDeps,
  version: "v1.0" | "beta",
  steps: readonly BatchStep[],
): Promise<readonly StepAnswer[]> {
  if (steps.length === 0) return [];
  const answers = await ask(deps, version, steps);
  for (const [index, step] of steps.entries()) {
    if (goesAgain(step, answers[index]?.answer)) deps.hooks.count("retried");
  }
  return answers;
}

const OPERATIONS = { GET: "read", PATCH: "write", POST: "mail" } as const;

/** Its user is tried again later; a mail that may have left is not. */
function goesAgain({ method }: BatchStep, answer: Answer | undefined): boolean {
  const verdict = classify(OPERATIONS[method], answer ?? { kind: "none" });
  return verdict.kind === "failed" && verdict.failure.disposition === "retry";
}

async function ask(
  deps: BatchDeps,
  version: "v1.0" | "beta",
  steps: readonly BatchStep[],
): Promise<readonly StepAnswer[]> {
  const requests = steps.map(({ method, url, body }, index) => {
    if (method !== "GET") deps.hooks.count("write");
    const head = { id: String(index + 1), method, url };
    return body === undefined ? head : { ...head, headers: { "Content-Type": "application/json" }, body };
  });
  const reply = await deps.client.call("POST", `/${version}/$batch`, { requests });
  if (reply === "unreachable")
    return steps.map(() => ({ answer: { kind: "unreachable", retryAfterMs: 0 }, body: null }));
  if (reply === "no-answer") return steps.map(() => UNKNOWN);
  const at = answeredAt(reply, deps.clock);
  if (reply.status !== 200) {
    const whole = judgeEnvelope(reply.status, codeOf(reply.body), parseRetryAfter(reply.retryAfter, at));
    return steps.map(() => ({ answer: whole, body: null }));
  }
  const parsed = graphEnvelope.safeParse(reply.body);
  if (!parsed.success) return steps.map(() => UNKNOWN);
  return matchSteps(deps, steps.length, parsed.data.responses, at);
}

/** 429: nothing was carried out. 4xx: the whole call was refused, each step with it. Else nothing is known. */
function judgeEnvelope(status: number, code: string, retryAfterMs: number): Answer {
  if (status === 429) return { kind: "envelope-throttled", retryAfterMs };
  if (status >= 400 && status < 500 && status !== 408 && status !== 499)
    return { kind: "answered", status, code, retryAfterMs };
  return { kind: "none" };
}

function matchSteps(deps: BatchDeps, count: number, responses: readonly unknown[], at: Instant): readonly StepAnswer[] {
  const found = new Map<number, StepAnswer>();
  for (const response of responses) {
    const step = graphStep.safeParse(response);
    const index = step.success && /^[1-9]\d?$/.test(step.data.id) ? Number(step.data.id) : 0;
    if (!step.success || index === 0 || index > count) {
      deps.log.error("Graph broke its contract: an answer to no step of ours", {
        id: step.success ? step.data.id : "",
      });
      continue;
    }
    if (step.data.status === 429) deps.hooks.count("throttled");
    const answer = toAnswer(step.data, at);
    const earlier = found.get(index);
    // Twice: the worse one counts, since only one of them can be the truth.
    found.set(index, earlier === undefined || isDone(earlier) ? answer : earlier);
  }
  return Array.from({ length: count }, (_, index) => found.get(index + 1) ?? UNKNOWN);
}

function toAnswer({ status, headers = {}, body }: GraphStep, at: Instant): StepAnswer {
  const retryAfter = Object.entries(headers).find(([name]) => name.toLowerCase() === "retry-after")?.[1];
  const asked = typeof retryAfter === "number" || typeof retryAfter === "string" ? `${retryAfter}` : null;
  return {
    answer: { kind: "answered", status, code: codeOf(body), retryAfterMs: parseRetryAfter(asked, at) },
    body,
  };
}

function isDone({ answer }: StepAnswer): boolean {
  return classify("read", answer).kind === "done";
}

function codeOf(body: unknown): string {
  const parsed = graphError.safeParse(body);
  return parsed.success ? parsed.data.error.code : "";
}
