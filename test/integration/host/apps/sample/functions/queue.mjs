// Does what the message's body says.
import { app } from "@azure/functions";
import { now, record, sleep } from "../record.mjs";

app.serviceBusQueue("work", {
  queueName: "%WORK_QUEUE%",
  connection: "BUS",
  handler: async (body, context) => {
    const { triggerMetadata, invocationId, traceContext } = context;
    const began = now();
    record("work", { body, isBuffer: Buffer.isBuffer(body), triggerMetadata, invocationId, traceContext });
    if (body?.once && triggerMetadata.deliveryCount > 1) return;
    if (body?.sleepMs) await sleep(body.sleepMs);
    if (body?.throw === "undefined") throw undefined;
    if (body?.throw) throw new Error(body.throw);
    if (body?.exit) process.exit(body.exit);
    if (body?.reject) void Promise.reject(new Error("nobody awaits this"));
    if (body?.uncaught)
      setTimeout(() => {
        throw new Error("nobody catches this");
      }, 1);
    if (body?.hang) await sleep(60_000);
    if (body?.spin) for (;;);
    if (body?.reject || body?.uncaught) await sleep(60_000);
    if (body?.logLate) setTimeout(() => context.log("too late"), 20);
    record("worked", { body, spanMs: now() - began });
  },
});

app.serviceBusQueue("unsettled", {
  queueName: "unsettled",
  connection: "BUS",
  autoCompleteMessages: false,
  handler: (body) => record("unsettled", { body }),
});

app.serviceBusQueue("dead", {
  queueName: "work/$DeadLetterQueue",
  connection: "BUS",
  handler: (body, { triggerMetadata }) => record("dead", { body, triggerMetadata }),
});
