// One step of a batch, or one single call, with the fault that was drawn for it.
import * as z from "zod";
import type { Answer } from "./answer.ts";
import type { Drawn } from "./faults.ts";
import type { StepFault } from "./faults.ts";
import { MAILBOX_BUSY } from "./mail-operations.ts";
import type { Places } from "./mail-places.ts";
import { senderOf } from "./mail-places.ts";
import type { Call } from "./router.ts";
import { runCall } from "./router.ts";
import type { Simulation } from "./simulation.ts";

/** `answer: null`: the work was done or not, and nobody says so. */
export interface StepResult {
  readonly answer: Answer | null;
  readonly fault: Drawn<StepFault> | null;
}

const firstRecipient = z.object({
  message: z.object({ toRecipients: z.tuple([z.unknown()], z.unknown()) }),
});

export function runStep(tenant: Simulation, call: Call, places: Places, batched: boolean): StepResult {
  const sender = senderOf(tenant, call);
  if (sender !== undefined && !places.has(sender.id)) return { answer: MAILBOX_BUSY, fault: null };
  const fault = tenant.faults.areOff
    ? null
    : tenant.faults.drawStep(contentOf(call), { mail: sender !== undefined, batched });
  switch (fault?.name) {
    case undefined:
    case "doubled-step":
    case "unknown-step":
      return { answer: runCall(tenant, call), fault };
    case "throttle":
      return { answer: tenant.faults.throttled(fault, call.now), fault };
    case "server-error":
      return { answer: tenant.faults.serverError(fault), fault };
    case "timeout-after-commit":
      runCall(tenant, call);
      return { answer: tenant.faults.timeout(), fault };
    case "lost-answer":
      runCall(tenant, call);
      return { answer: null, fault };
    case "missing-step":
      if (tenant.faults.coin(fault)) runCall(tenant, call);
      return { answer: null, fault };
  }
}

/** What makes two steps "the same" for the draw: of a mail its recipient, since its text may hold ids of this very run. */
function contentOf({ method, url, body }: Call): string {
  if (body === undefined) return `${method} ${url}`;
  const mail = firstRecipient.safeParse(body);
  return `${method} ${url} ${JSON.stringify(mail.success ? mail.data.message.toRecipients[0] : body)}`;
}
