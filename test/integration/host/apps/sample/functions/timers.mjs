import { app } from "@azure/functions";
import { record, sleep } from "../record.mjs";

let failures = 0;

const timer = (name, schedule, options = {}) =>
  app.timer(name, {
    schedule,
    handler: async (argument, context) => {
      record(name, { argument, triggerMetadata: context.triggerMetadata ?? null, retry: context.retryContext ?? null });
      if (process.env.TIMER_SLEEP_MS) await sleep(Number(process.env.TIMER_SLEEP_MS));
      if (name === "flaky-timer" && failures++ < 2) throw new Error("not yet");
      record(`${name} ended`);
    },
    ...options,
  });

timer("plan-waves", "0 * * * * *");
timer("hourly", "%HOURLY_SCHEDULE%");
timer("quiet-timer", "*/30 * * * * *");
timer("unmonitored", "0 0 12 * * *", { useMonitor: false });
timer("flaky-timer", "0 30 6 * * *", {
  retry: { strategy: "fixedDelay", maxRetryCount: 3, delayInterval: { seconds: 0 } },
});
