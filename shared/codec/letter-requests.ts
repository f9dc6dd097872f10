// What operators send about dead letters: parsed once, every fault told at once, nothing that could be a key or a log line of its own.
import * as z from "zod";
import { AUTOMATION } from "../domain/control.ts";
import { UserFault } from "../domain/fault.ts";
import type { LetterState } from "../domain/letter.ts";

const BODY_MAX = 10_000;
const NOT_A_PERSON: ReadonlySet<string> = new Set([AUTOMATION, "worker", "planner", "apply", "spec"]);

const rollout = z.string().regex(/^[a-z0-9-]{1,40}$/, "the id of a rollout");
const id = z.string().regex(/^\d{17}_[0-9a-f]{16}$/, "the id of a letter, as the list shows it");
const line = (max: number): z.ZodString =>
  z
    .string()
    .trim()
    .min(1)
    .max(max)
    .regex(/^\P{Cc}*$/u, "one line of text");
const by = line(100).refine((name) => !NOT_A_PERSON.has(name.toLowerCase()), "the name of a person");

const list = z.strictObject({
  rollout: rollout.optional(),
  state: z.enum(["open", "replayed", "dismissed"]).optional(),
  code: z.string().optional(),
});
const place = z.strictObject({ rollout: rollout.optional(), id, code: z.string().optional() });
const deed = z.strictObject({ rollout: rollout.nullable(), id, by, because: line(500) });

export function parseLetterList(query: URLSearchParams): {
  readonly rollout: string | null;
  readonly state: LetterState | null;
} {
  const found = parse(list, Object.fromEntries(query));
  return { rollout: found.rollout ?? null, state: found.state ?? null };
}

export function parseLetterPlace(query: URLSearchParams): { readonly rollout: string | null; readonly id: string } {
  const found = parse(place, Object.fromEntries(query));
  return { rollout: found.rollout ?? null, id: found.id };
}

export function parseLetterDeed(body: string): z.output<typeof deed> {
  if (body.length > BODY_MAX) throw faultOf("the body", `has more than ${String(BODY_MAX)} characters`);
  let json: unknown;
  try {
    json = JSON.parse(body);
  } catch {
    // Node's words for it change from one version to the next.
    throw faultOf("the body", "is no JSON");
  }
  return parse(deed, json);
}

/** @throws UserFault */
function parse<T extends z.ZodType>(schema: T, value: unknown): z.output<T> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw new UserFault(
    result.error.issues.map(({ path, message }) => ({
      what: `${path.length === 0 ? "The request" : path.join(".")}: ${message}.`,
      fix: 'Send { "rollout", "id", "by", "because" } as docs/RUNBOOK.md shows them.',
      at: { where: path.join(".") },
    })),
  );
}

function faultOf(where: string, what: string): UserFault {
  return new UserFault([{ what: `${where} ${what}.`, fix: "Send one small JSON object.", at: { where } }]);
}
