// What the sample functions saw, as JSON lines in the file named by the setting RECORD: the tests read it.
import { appendFileSync } from "node:fs";

const host = globalThis[Symbol.for("mfa-rollout.host")];

export const now = () => host.clock.now();

export function record(what, more = {}) {
  appendFileSync(
    process.env.RECORD,
    `${JSON.stringify({ what, pid: process.pid, at: now(), wall: Date.now(), ...more })}\n`,
  );
}

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
