// What the supervisor and its children say to each other: JSON over the IPC channel of child_process.fork, parsed on both
// sides. The order of the messages is in docs/decisions (hold hosts, hold broker, jump, go); here is only their shape.
import { z } from "zod";

const count = z.int().min(0);
const instant = z.number();
const setting = { seq: count, offset: z.int() };

const status = z.object({ last: instant.nullable(), next: instant.nullable(), lastUpdated: instant.nullable() });
export type TimerStatus = z.infer<typeof status>;

const fire = z.object({
  kind: z.literal("fire"),
  id: count,
  name: z.string(),
  due: instant,
  isPastDue: z.boolean(),
  status,
});
export type Fire = z.infer<typeof fire>;

const toChild = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("init"), ...setting, rate: count, settings: z.unknown() }),
  z.object({ kind: z.literal("hold"), n: count }),
  z.object({ kind: z.literal("jump"), ...setting }),
  z.object({ kind: z.literal("go"), seq: count }),
  fire,
  z.object({ kind: z.literal("ask"), id: count, what: z.string() }),
  z.object({ kind: z.literal("close") }),
]);
export type ToChild = z.infer<typeof toChild>;

const timer = z.object({
  name: z.string(),
  schedule: z.string(),
  runOnStartup: z.boolean(),
});
export type DeclaredTimer = z.infer<typeof timer>;

// `serial` counts the queue and HTTP invocations that have ended in a host: equal numbers mean that none has since.
const hostHeld = z.object({ of: z.literal("host"), serial: count, running: count });
const brokerHeld = z.object({
  of: z.literal("broker"),
  active: count,
  locked: count,
  orphaned: count,
  nextDue: instant.nullable(),
});
const held = z.discriminatedUnion("of", [hostHeld, brokerHeld, z.object({ of: z.literal("other") })]);
export type BrokerHeld = z.infer<typeof brokerHeld>;
export type Held = z.infer<typeof held>;

const fault = z.object({ what: z.string(), fix: z.string(), where: z.string() });

const role = z.enum(["host", "broker", "tenant", "tables"]);
export type Role = z.infer<typeof role>;

const ready = z.object({
  kind: z.literal("ready"),
  ports: z.record(z.string(), count),
  timers: z.array(timer),
  info: z.record(z.string(), z.string()),
});
export type Ready = z.infer<typeof ready>;

const toSupervisor = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("hello"), role, pid: count }),
  ready,
  z.object({ kind: z.literal("busy") }),
  z.object({ kind: z.literal("idle"), serial: count }),
  z.object({ kind: z.literal("held"), n: count, held }),
  z.object({ kind: z.literal("jumped"), seq: count }),
  z.object({ kind: z.literal("fired"), id: count, ok: z.boolean() }),
  z.object({ kind: z.literal("answer"), id: count, value: z.unknown() }),
  // Sent before the process ends by itself with an exit code other than 0. `faults`: what a person can mend.
  z.object({ kind: z.literal("fatal"), message: z.string(), faults: z.array(fault) }),
]);
export type ToSupervisor = z.infer<typeof toSupervisor>;

export function parseToChild(message: unknown): ToChild {
  return toChild.parse(message);
}

export function parseToSupervisor(message: unknown): ToSupervisor {
  return toSupervisor.parse(message);
}
