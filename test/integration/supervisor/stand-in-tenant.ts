// A child that does nothing but follow the clock, and says what it was told: the supervisor's protocol with a tenant.
import { z } from "zod";
import { runChild } from "../../../apps/local/child.ts";

runChild({
  role: "tenant",
  settings: z.unknown(),
  start: (_settings, clock) =>
    Promise.resolve({
      ports: { tenant: 1 },
      ask: (what) =>
        what === "now" ? { now: clock.now(), wall: Date.now(), seq: clock.seq, offset: clock.offset } : null,
      close: () => Promise.resolve(),
    }),
});
