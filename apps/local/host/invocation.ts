// One invocation in the order of the Node worker: arguments, pre-hooks, handler, post-hooks, response (Azure's
// azure-functions-nodejs-worker, InvocationHandler). What a handler threw is a value here: the trigger decides what follows.
import { randomBytes, randomUUID } from "node:crypto";
import type { Core, CoreInvocation, HookName, InvocationRequest, InvocationResponse, TypedData } from "./core.ts";
import type { Log } from "./log.ts";
import type { AppFunction } from "./triggers.ts";

export type Outcome =
  | { readonly kind: "succeeded"; readonly response: InvocationResponse }
  | { readonly kind: "failed"; readonly error: unknown };

export interface Call {
  readonly input: TypedData;
  readonly triggerMetadata?: Readonly<Record<string, TypedData>>;
  /** W3C traceparent of the caller, where it gave one. */
  readonly traceParent?: string;
  readonly retry?: { readonly count: number; readonly max: number; readonly error: unknown };
}

export interface Invoker {
  invoke(target: AppFunction, call: Call): Promise<Outcome>;
}

export interface InvokerOptions {
  readonly core: Core;
  readonly log: Log;
  readonly functionTimeoutMs: number | null;
  /** The invocation is past functionTimeout: in Azure the whole worker is restarted. */
  readonly onTimeout: (target: AppFunction) => void;
}

export function createInvoker({ core, log, functionTimeoutMs, onTimeout }: InvokerOptions): Invoker {
  const appHookData = {};
  return {
    async invoke(target, call) {
      const invocationId = randomUUID();
      const about = { category: `Function.${target.name}`, function: target.name, invocationId };
      const timeout =
        functionTimeoutMs === null
          ? undefined
          : setTimeout(() => onTimeout(target), Math.min(functionTimeoutMs, 2 ** 31 - 1));
      log({ ...about, level: "debug", message: "started" });
      try {
        const response = await run(core, createInvocation(target, call, invocationId, log), target, appHookData);
        log({ ...about, level: "debug", message: "succeeded" });
        return { kind: "succeeded", response };
      } catch (error) {
        log({ ...about, level: "error", message: `failed: ${describe(error)}` });
        return { kind: "failed", error };
      } finally {
        clearTimeout(timeout);
      }
    },
  };
}

function createInvocation(target: AppFunction, call: Call, invocationId: string, log: Log): CoreInvocation {
  const { name, bindings } = target;
  const retry = call.retry && {
    retryCount: call.retry.count,
    maxRetryCount: call.retry.max,
    exception: { message: describe(call.retry.error), source: name, stackTrace: stackOf(call.retry.error) },
  };
  const request: InvocationRequest = {
    invocationId,
    functionId: name,
    inputData: [{ name: target.trigger.binding, data: call.input }],
    triggerMetadata: call.triggerMetadata ?? {},
    traceContext: { traceParent: call.traceParent ?? newTraceParent(), traceState: "", attributes: {} },
    ...(retry === undefined ? {} : { retryContext: retry }),
  };
  return {
    invocationId,
    request,
    metadata: { name, bindings },
    state: undefined,
    log: (level, category, text) => {
      const suffix = category === "user" ? ".User" : "";
      log({ level, category: `Function.${name}${suffix}`, function: name, invocationId, message: text });
    },
  };
}

async function run(
  core: Core,
  invocation: CoreInvocation,
  target: AppFunction,
  appHookData: object,
): Promise<InvocationResponse> {
  if (core.model === undefined) throw new Error("no programming model was set: @azure/functions has not been loaded");
  const model = core.model.getInvocationModel(invocation);
  const { context, inputs } = await model.getArguments();
  const hookData = {};
  const shared = { hookData, appHookData, invocationContext: context };

  invocation.state = "preInvocationHooks";
  const pre = hookContext(shared, { inputs, functionCallback: target.callback });
  await runHooks(core, "preInvocation", pre);

  const post = hookContext<{ inputs: unknown[]; result: unknown; error: unknown }>(shared, {
    inputs: pre.inputs,
    result: null,
    error: null,
  });
  invocation.state = "invocation";
  try {
    post.result = await model.invokeFunction(context, pre.inputs, pre.functionCallback);
  } catch (error) {
    post.error = error;
  }
  invocation.state = "postInvocationHooks";
  await runHooks(core, "postInvocation", post);
  invocation.state = undefined;

  // Null and undefined are no error, also when they were thrown: such a message is completed, in Azure too.
  if (post.error !== null && post.error !== undefined) throw post.error; // eslint-disable-line @typescript-eslint/only-throw-error -- what a function threw goes on as it is
  return model.getResponse(context, post.result);
}

/** Hooks may mutate the shared data but not replace it: assigning to a getter throws in a module. */
function hookContext<Own extends object>(
  shared: { readonly hookData: object; readonly appHookData: object; readonly invocationContext: unknown },
  own: Own,
): Own {
  for (const [name, value] of Object.entries(shared)) {
    Object.defineProperty(own, name, {
      enumerable: true,
      get: () => value,
      set: () => {
        throw new Error(`Cannot assign to read only property "${name}" of a hook's context`);
      },
    });
  }
  return own;
}

export async function runHooks(core: Core, name: HookName, context: object): Promise<void> {
  for (const hook of [...(core.hooks.get(name) ?? [])]) await hook(context);
}

export function describe(error: unknown): string {
  if (error instanceof Error) return error.message;
  return typeof error === "string" ? error : JSON.stringify(error);
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? "") : "";
}

function newTraceParent(): string {
  return `00-${randomBytes(16).toString("hex")}-${randomBytes(8).toString("hex")}-01`;
}
