import { app } from "@azure/functions";
import { record } from "../record.mjs";

app.hook.appStart(() => record("appStart"));
app.hook.appTerminate(() => record("appTerminate"));
app.hook.preInvocation((context) => {
  context.hookData.seen = "pre";
  if (context.inputs[0]?.replaceInput) context.inputs[0] = { replaced: true };
});
app.hook.postInvocation((context) => {
  record("post", {
    function: context.invocationContext.functionName,
    seen: context.hookData.seen,
    error: context.error?.message ?? null,
  });
});
