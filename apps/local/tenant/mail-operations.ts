// sendMail: `202` means that a draft was accepted, no more. Whether and when it arrives is drawn here and stored.
import * as z from "zod";
import type { Answer } from "./answer.ts";
import { badRequest, empty, graphError } from "./answer.ts";
import type { GraphRequest, Operation } from "./operation.ts";
import { BOTH } from "./operation.ts";
import type { Simulation } from "./simulation.ts";

const MOST_RECIPIENTS = 500;
const MOST_OWN_HEADERS = 5;

const recipients = z.array(z.object({ emailAddress: z.object({ address: z.string().min(3) }) }));
const sendMailBody = z.strictObject({
  message: z.object({
    subject: z.string(),
    body: z.object({ contentType: z.string().regex(/^(text|html)$/iu), content: z.string() }),
    toRecipients: recipients.min(1),
    ccRecipients: recipients.optional(),
    bccRecipients: recipients.optional(),
    internetMessageHeaders: z.array(z.object({ name: z.string(), value: z.string() })).optional(),
  }),
  saveToSentItems: z.boolean().optional(),
});
type Message = z.infer<typeof sendMailBody>["message"];

export const MAILBOX_BUSY: Answer = graphError(
  429,
  "ApplicationThrottled",
  "Application is over its MailboxConcurrency limit.",
  { "Retry-After": "1" },
);

export const mailOperations: readonly Operation[] = [
  {
    method: "POST",
    versions: BOTH,
    path: ["users", ":id", "sendMail"],
    service: "outlook",
    resourceUnits: 1,
    writes: 0,
    // Either everybody's mailbox by an Entra permission, or the sender mailboxes by Exchange's own grant.
    roles: ["Mail.Send", "Application Mail.Send"],
    run: sendMail,
  },
];

function sendMail(tenant: Simulation, request: GraphRequest, id: string): Answer {
  const sender = tenant.mailboxes.find(id);
  if (sender === undefined) return noSuchSender(tenant, id);
  const parsed = sendMailBody.safeParse(request.body);
  if (!parsed.success) return graphError(400, "ErrorInvalidRequest", z.prettifyError(parsed.error));
  const { message } = parsed.data;
  const headers = message.internetMessageHeaders ?? [];
  const foreign = headers.find(({ name }) => !name.toLowerCase().startsWith("x-"));
  if (foreign !== undefined)
    return badRequest(`The internet message header name '${foreign.name}' should start with 'x-'.`);
  if (headers.length > MOST_OWN_HEADERS) return badRequest("Too many custom internet message headers.");
  const to = addresses(message);
  if (to.length > MOST_RECIPIENTS) return graphError(400, "ErrorExceededMaxRecipientLimit", "Too many recipients.");

  tenant.commit({
    t: "mail",
    at: request.now,
    sender: sender.id.toLowerCase(),
    by: request.caller.clientId,
    to,
    rollout: header(message, "x-mfa-rollout"),
    notice: header(message, "x-mfa-notice"),
    enrollment: header(message, "x-mfa-enrollment"),
    subject: message.subject,
    arrivesAt: tenant.mailboxes.arrival(sender, to.length, request.now),
  });
  return empty(202);
}

function noSuchSender(tenant: Simulation, id: string): Answer {
  const person = tenant.directory.find(id);
  if (person === undefined) return graphError(404, "ErrorInvalidUser", `The requested user '${id}' is invalid.`);
  if (person.user.mail === null) {
    const text = "The mailbox is either inactive, soft-deleted, or is hosted on-premise.";
    return graphError(404, "MailboxNotEnabledForRESTAPI", text);
  }
  return graphError(403, "ErrorAccessDenied", "Access is denied. Check credentials and try again.");
}

function addresses(message: Message): string[] {
  const all = [...message.toRecipients, ...(message.ccRecipients ?? []), ...(message.bccRecipients ?? [])];
  return all.map(({ emailAddress }) => emailAddress.address);
}

function header(message: Message, wanted: string): string | null {
  return message.internetMessageHeaders?.find(({ name }) => name.toLowerCase() === wanted)?.value ?? null;
}
