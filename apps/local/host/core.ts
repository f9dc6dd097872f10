// The object behind `require("@azure/functions-core")`: in Azure the Node worker makes it, here this file does. It must be
// installed before the first function file is imported, because @azure/functions asks once and remembers also a failure.
import Module from "node:module";

export type LogLevel = "trace" | "debug" | "information" | "warning" | "error" | "critical" | "none";
export type LogCategory = "user" | "system" | "customMetric";

export interface TypedData {
  readonly string?: string;
  readonly json?: string;
  readonly bytes?: Uint8Array;
  readonly int?: number;
  readonly double?: number;
  readonly http?: unknown;
}

export interface Binding {
  readonly type: string;
  readonly direction: string;
  readonly name: string;
  readonly [option: string]: unknown;
}

export interface RetryOptions {
  readonly maxRetryCount?: number;
  readonly retryStrategy?: string;
  readonly delayInterval?: { readonly seconds?: number };
  readonly minimumInterval?: { readonly seconds?: number };
  readonly maximumInterval?: { readonly seconds?: number };
}

export interface FunctionMetadata {
  readonly name: string;
  readonly functionId?: string;
  readonly bindings: Readonly<Record<string, Binding>>;
  readonly retryOptions?: RetryOptions;
}

export interface InvocationRequest {
  readonly invocationId: string;
  readonly functionId: string;
  readonly inputData: readonly { readonly name: string; readonly data: TypedData }[];
  readonly triggerMetadata: Readonly<Record<string, TypedData>>;
  readonly traceContext: {
    readonly traceParent: string;
    readonly traceState: string;
    readonly attributes: Readonly<Record<string, string>>;
  };
  readonly retryContext?: {
    readonly retryCount: number;
    readonly maxRetryCount: number;
    readonly exception?: { readonly message: string; readonly source: string; readonly stackTrace: string };
  };
}

export interface InvocationResponse {
  readonly returnValue?: TypedData | null;
}

export interface CoreInvocation {
  readonly invocationId: string;
  readonly request: InvocationRequest;
  readonly metadata: { readonly name: string; readonly bindings: Readonly<Record<string, Binding>> };
  state: "preInvocationHooks" | "invocation" | "postInvocationHooks" | undefined;
  log(level: LogLevel, category: LogCategory, text: string): void;
}

export type Callback = (...args: unknown[]) => unknown;
export type HookCallback = (context: object) => unknown;

export interface ProgrammingModel {
  readonly name: string;
  readonly version: string;
  getInvocationModel(invocation: CoreInvocation): {
    getArguments(): Promise<{ context: unknown; inputs: unknown[] }>;
    invokeFunction(context: unknown, inputs: unknown[], callback: Callback): Promise<unknown>;
    getResponse(context: unknown, result: unknown): Promise<InvocationResponse>;
  };
  getCapabilities?(capabilities: Record<string, string>): Promise<Record<string, string>>;
}

export const HOOKS = ["appStart", "appTerminate", "preInvocation", "postInvocation", "log"] as const;
export type HookName = (typeof HOOKS)[number];

export interface Registered {
  readonly metadata: FunctionMetadata;
  readonly callback: Callback;
}

/** What the library throws and expects for faults of the host's side; it reads the mark, not the class. */
class SystemError extends Error {
  readonly isAzureFunctionsSystemError = true;
}
class SystemRangeError extends RangeError {
  readonly isAzureFunctionsSystemError = true;
}

/** What a registration gives back; disposing it takes the registration away, once. */
class Disposable {
  #undo: (() => void) | undefined;

  constructor(undo: () => void) {
    this.#undo = undo;
  }

  static from(...disposables: { dispose(): unknown }[]): Disposable {
    return new Disposable(() => {
      for (const one of disposables) one.dispose();
    });
  }

  dispose(): void {
    const undo = this.#undo;
    this.#undo = undefined;
    undo?.();
  }
}

/** Everything that the function files have registered. Locked once they are imported. */
export class Core {
  readonly functions = new Map<string, Registered>();
  readonly hooks = new Map<HookName, HookCallback[]>(HOOKS.map((name) => [name, []]));
  readonly log: (level: LogLevel, category: LogCategory, text: string) => void;
  model: ProgrammingModel | undefined;
  #locked = false;

  constructor(log: Core["log"]) {
    this.log = log;
  }

  lock(): void {
    this.#locked = true;
  }

  register(metadata: FunctionMetadata, callback: Callback): Disposable {
    if (this.#locked) throw new SystemError("A function can only be registered during app startup.");
    const id = metadata.functionId ?? metadata.name;
    if (this.functions.has(id)) {
      throw new SystemError(`A function with id "${id}" has already been registered.`);
    }
    this.functions.set(id, { metadata, callback });
    return new Disposable(() => {
      if (this.#locked) throw new SystemError("A function can only be disposed during app startup.");
      this.functions.delete(id);
    });
  }

  hook(name: string, callback: HookCallback): Disposable {
    const known = HOOKS.find((hook) => hook === name);
    if (known === undefined) throw new SystemRangeError(`Unrecognized hook "${name}"`);
    const callbacks = this.hooks.get(known) ?? [];
    callbacks.push(callback);
    return new Disposable(() => {
      const at = callbacks.indexOf(callback);
      if (at >= 0) callbacks.splice(at, 1);
    });
  }

  /** The module object as the library sees it. */
  asModule(): object {
    return {
      version: "3.9.1-embedded",
      hostVersion: "4.0-embedded",
      Disposable,
      setProgrammingModel: (model: ProgrammingModel) => {
        this.model = model;
      },
      getProgrammingModel: () => this.model,
      registerFunction: (metadata: FunctionMetadata, callback: Callback) => this.register(metadata, callback),
      registerHook: (name: string, callback: HookCallback) => this.hook(name, callback),
      log: this.log,
    };
  }
}

const ID = "@azure/functions-core";

/** Answers `require("@azure/functions-core")` in this process from now on; import() of CommonJS goes the same way. */
export function installCore(core: Core): void {
  const module = core.asModule();
  const original = Module.prototype.require; // eslint-disable-line @typescript-eslint/unbound-method -- called with its own this below
  const replaced = function (this: NodeJS.Module, id: string): unknown {
    return id === ID ? module : original.call(this, id);
  };
  Module.prototype.require = Object.assign(replaced, original);
}
