// What people write by hand: the official client in a loop, so many users in flight. It keeps no record, so a crash loses who was told.
import { ManagedIdentityCredential } from "@azure/identity";
import type { Context, Middleware } from "@microsoft/microsoft-graph-client";
import { Client, HTTPMessageHandler, RetryHandler } from "@microsoft/microsoft-graph-client";

export interface LoopAsk {
  readonly graphUrl: string;
  readonly clientIds: { readonly notifier: string; readonly enforcer: string };
  readonly sender: string;
  readonly users: readonly { readonly id: string; readonly mail: string }[];
  readonly inFlight: number;
}

/** Enable, one mail, enforce, for each user. @returns milliseconds from the first call to the last answer */
export async function runGraphLoop(ask: LoopAsk): Promise<number> {
  const enforcer = await openClient(ask.graphUrl, ask.clientIds.enforcer);
  const notifier = await openClient(ask.graphUrl, ask.clientIds.notifier);
  let next = 0;
  const work = async (): Promise<void> => {
    for (let user = ask.users[next++]; user !== undefined; user = ask.users[next++]) {
      const requirements = `/users/${user.id}/authentication/requirements`;
      await enforcer.api(requirements).version("beta").patch({ perUserMfaState: "enabled" });
      await notifier.api(`/users/${ask.sender}/sendMail`).post(noticeTo(user.mail));
      await enforcer.api(requirements).version("beta").patch({ perUserMfaState: "enforced" });
    }
  };
  const started = performance.now();
  await Promise.all(Array.from({ length: ask.inFlight }, work));
  return performance.now() - started;
}

function noticeTo(address: string): object {
  const message = {
    subject: "Please set up your second step",
    body: {
      contentType: "HTML",
      content: "<p>Please register a method. Your sign-in asks for it from the 16th on.</p>",
    },
    toRecipients: [{ emailAddress: { address } }],
  };
  return { message, saveToSentItems: false };
}

/** The client's own handler sends no token to a root without TLS; its retries are kept. */
async function openClient(graphUrl: string, clientId: string): Promise<Client> {
  const { token } = await new ManagedIdentityCredential({ clientId }).getToken("https://graph.microsoft.com/.default");
  const retry = new RetryHandler();
  retry.setNext(new HTTPMessageHandler());
  const middleware: Middleware = {
    execute: (context: Context) => {
      const headers = new Headers(context.options?.headers);
      headers.set("Authorization", `Bearer ${token}`);
      context.options = { ...context.options, headers };
      return retry.execute(context);
    },
    setNext: () => undefined,
  };
  return Client.initWithMiddleware({ baseUrl: `${graphUrl}/`, middleware });
}
