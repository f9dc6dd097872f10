// Stands for Azure's Node worker: the documented core module and nothing else, in a process of its own, without any setting, and
// without anything that only the embedded host puts there. Says on stdout what the built app registered and how two requests went.
// Sources: azure-functions-nodejs-worker `setupCoreModule.ts`, `InvocationHandler.ts`; docs/EMBEDDED.md.
import { readFileSync, readdirSync } from "node:fs";
import Module from "node:module";
import net from "node:net";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";

const appDir = process.argv[2];
const noticed = { settingsRead: [], connections: 0, unknownMembers: [] };

class Disposable {
  #dispose;
  constructor(dispose) {
    this.#dispose = dispose;
  }
  static from(...all) {
    return new Disposable(() => all.forEach((one) => one.dispose()));
  }
  dispose() {
    this.#dispose?.();
  }
}

const functions = new Map();
const hooks = { appStart: [], appTerminate: [], preInvocation: [], postInvocation: [] };
let model;
let isLocked = false;
const members = {
  version: "3.12.0",
  get hostVersion() {
    throw new Error("the host version is not known before init");
  },
  Disposable,
  setProgrammingModel: (given) => (model = given),
  getProgrammingModel: () => model,
  registerFunction: (meta, callback) => {
    const id = meta.functionId ?? meta.name;
    if (isLocked) throw new Error("a function was registered after the app had started");
    if (functions.has(id)) throw new Error(`the function ${id} was registered twice`);
    functions.set(id, { meta, callback });
    return new Disposable(() => functions.delete(id));
  },
  registerHook: (name, callback) => {
    if (!(name in hooks)) throw Object.assign(new RangeError(name), { isAzureFunctionsSystemError: true });
    hooks[name].push(callback);
    return new Disposable(() => undefined);
  },
  log: () => undefined,
};
const core = new Proxy(members, {
  get: (target, name) => {
    if (!(name in target) && typeof name === "string") noticed.unknownMembers.push(name);
    return target[name];
  },
});
const { require: originalRequire } = Module.prototype;
Module.prototype.require = function (id, ...rest) {
  return id === "@azure/functions-core" ? core : originalRequire.call(this, id, ...rest);
};

const { connect } = net.Socket.prototype;
net.Socket.prototype.connect = function (...args) {
  noticed.connections += 1;
  return connect.apply(this, args);
};
const OWN = /^(ROLLOUT|GRAPH|TENANT|BREAK_GLASS|SENDER|IDENTITY|.*_SCHEDULE$)/;
process.env = new Proxy(process.env, {
  get: (target, name) => {
    if (typeof name === "string" && OWN.test(name)) noticed.settingsRead.push(name);
    return target[name];
  },
});

const { main } = JSON.parse(readFileSync(join(appDir, "package.json"), "utf8"));
const folder = join(appDir, dirname(main));
for (const file of readdirSync(folder)
  .filter((name) => name.endsWith(".js"))
  .sort())
  await import(pathToFileURL(join(folder, file)).href);
isLocked = true;
for (const hook of hooks.appStart) await hook({ hookData: {}, appHookData: {} });
const atImport = JSON.parse(JSON.stringify(noticed));

async function request(name, path) {
  const { meta, callback } = functions.get(name);
  const [trigger] = Object.values(meta.bindings).filter(({ type }) => type === "httpTrigger");
  const http = {
    method: "GET",
    url: `https://app.example/api/${path}`,
    nullableHeaders: {},
    nullableParams: {},
    nullableQuery: {},
    body: { bytes: new Uint8Array() },
  };
  const coreContext = {
    invocationId: "00000000-0000-4000-8000-000000000001",
    request: { invocationId: "1", inputData: [{ name: trigger.name, data: { http } }], triggerMetadata: {} },
    metadata: { name, bindings: meta.bindings },
    state: undefined,
    log: () => undefined,
  };
  const invocation = model.getInvocationModel(coreContext);
  const { context, inputs } = await invocation.getArguments();
  for (const hook of hooks.preInvocation) await hook({ hookData: {}, appHookData: {}, invocationContext: context });
  const result = await invocation.invokeFunction(context, inputs, callback);
  const response = await invocation.getResponse(context, result);
  const { http: answer } = response.returnValue ?? response.outputData[0].data;
  const bytes = answer.body?.bytes ?? answer.body?.string ?? "";
  return { status: String(answer.statusCode), body: Buffer.from(bytes).toString("utf8").slice(0, 60) };
}

const found = [...functions.values()].map(({ meta }) => ({
  name: meta.name,
  bindings: Object.values(meta.bindings).filter(({ direction }) => direction === "in"),
  retryOptions: meta.retryOptions ?? null,
}));
const [health, dashboard] = [await request("health", "health"), await request("dashboard", "dashboard")];
process.stdout.write(`${JSON.stringify({ functions: found, atImport, health, dashboard })}\n`);
process.exit(0);
