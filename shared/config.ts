// The only reader of the environment. All faults are reported at once, each with its name and an example; a secret is never printed.
import type { FaultText } from "./domain/fault.ts";
import { UserFault } from "./domain/fault.ts";
import type { Budget } from "./domain/ledger.ts";
import { budgetFrom } from "./domain/ledger.ts";
import type { StorageConnection } from "./azure/azure-tables.ts";
import type { BusConnection } from "./azure/service-bus-step-queue.ts";

export interface AppConfig {
  readonly tenant: string;
  readonly storage: StorageConnection;
  readonly bus: BusConnection;
  readonly graphBaseUrl: string;
  readonly clientIds: { readonly reader: string; readonly notifier: string; readonly enforcer: string };
  readonly breakGlassIds: ReadonlySet<string>;
  readonly budget: Budget;
  /** The pool that notices are sent from, in place of the spec's; empty: the spec's own. */
  readonly noticeSenders: readonly string[];
  /** Of a registration report: the tenant shares the limit with whoever else reads sign-ins and audits. */
  readonly reportPagesPer10s: number;
}

export type Environment = Readonly<Record<string, string | undefined>>;

const GRAPH = "https://graph.microsoft.com";
const GUID = /^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/i;
const WRITES_PER_150S = 2_850;
const MAILS_PER_MINUTE = 30;
const MAILS_PER_DAY = 10_000;
const REPORT_PAGES_PER_10S = 5;

/** @throws UserFault with all faults */
export function readConfig(environment: Environment = process.env): AppConfig {
  const faults: FaultText[] = [];
  const fault = (where: string, what: string, fix: string): void => void faults.push({ what, fix, at: { where } });
  const guid = (name: string): string => {
    const value = environment[name] ?? "";
    if (!GUID.test(value)) fault(name, "is no GUID.", "Give one, as in 11111111-2222-3333-4444-555555555555.");
    return value.toLowerCase();
  };
  const number = (name: string, otherwise: number): number => {
    const value = environment[name] ?? String(otherwise);
    if (!/^[1-9]\d{0,9}$/.test(value)) fault(name, "is no whole number above 0.", `Give one, as in ${otherwise}.`);
    return Number(value);
  };
  const config: AppConfig = {
    tenant: guid("TENANT_ID"),
    storage: readStorage(environment, fault),
    bus: readBus(environment, fault),
    graphBaseUrl: readGraphBase(environment["GRAPH_BASE_URL"] ?? GRAPH, fault),
    clientIds: {
      reader: guid("GRAPH_READER_CLIENT_ID"),
      notifier: guid("GRAPH_NOTIFIER_CLIENT_ID"),
      enforcer: guid("GRAPH_ENFORCER_CLIENT_ID"),
    },
    breakGlassIds: readIds(environment["BREAK_GLASS_IDS"] ?? "", fault),
    budget: budgetFrom({
      writesPer150s: number("GRAPH_WRITES_PER_150S", WRITES_PER_150S),
      mailsPerMinute: number("SENDER_MAILS_PER_MINUTE", MAILS_PER_MINUTE),
      mailsPerDay: number("SENDER_MAILS_PER_DAY", MAILS_PER_DAY),
    }),
    noticeSenders: readSenders(environment, fault),
    reportPagesPer10s: number("REPORT_PAGES_PER_10S", REPORT_PAGES_PER_10S),
  };
  if (faults.length > 0) throw new UserFault(faults);
  return config;
}

type Report = (where: string, what: string, fix: string) => void;

function readStorage(environment: Environment, fault: Report): StorageConnection {
  const text = environment["ROLLOUT_STORAGE"] ?? "";
  if (text !== "") return { kind: "connection-string", text };
  const endpoint = environment["ROLLOUT_STORAGE__tableServiceUri"] ?? "";
  if (endpoint === "") {
    const fix = "Set it, or ROLLOUT_STORAGE__tableServiceUri as in https://<account>.table.core.windows.net.";
    fault("ROLLOUT_STORAGE", "is not set.", fix);
  }
  return { kind: "identity", endpoint, clientId: environment["ROLLOUT_STORAGE__clientId"] ?? "" };
}

function readBus(environment: Environment, fault: Report): BusConnection {
  const text = environment["ROLLOUT_BUS"] ?? "";
  if (text !== "") return { kind: "connection-string", text };
  const namespace = environment["ROLLOUT_BUS__fullyQualifiedNamespace"] ?? "";
  if (namespace === "") {
    const fix = "Set it, or ROLLOUT_BUS__fullyQualifiedNamespace as in <namespace>.servicebus.windows.net.";
    fault("ROLLOUT_BUS", "is not set.", fix);
  }
  return { kind: "identity", namespace, clientId: environment["ROLLOUT_BUS__clientId"] ?? "" };
}

/** Tokens go to this address: only https, or this machine itself. */
function readGraphBase(text: string, fault: Report): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  const isLoopback = url !== null && ["127.0.0.1", "localhost", "[::1]"].includes(url.hostname);
  if (url === null || (url.protocol !== "https:" && !(url.protocol === "http:" && isLoopback))) {
    fault(
      "GRAPH_BASE_URL",
      "is no https URL.",
      `Give one, as in ${GRAPH}; http is allowed on a loopback address only.`,
    );
    return GRAPH;
  }
  return url.origin;
}

function readSenders(environment: Environment, fault: Report): readonly string[] {
  const channel = environment["NOTICE_CHANNEL"] ?? "mail";
  if (channel !== "mail") fault("NOTICE_CHANNEL", "is no channel of this version.", "Give mail, or leave it out.");
  const senders = (environment["NOTICE_SENDERS"] ?? "")
    .split(",")
    .map((sender) => sender.trim().toLowerCase())
    .filter((sender) => sender !== "");
  const wrong = senders.filter((sender) => !GUID.test(sender) && !/^[^@\s]+@[^@\s]+$/.test(sender));
  if (wrong.length > 0)
    fault(
      "NOTICE_SENDERS",
      `holds ${wrong.length} that are no mailboxes.`,
      "Give addresses or object ids, parted by commas.",
    );
  return [...new Set(senders)];
}

function readIds(text: string, fault: Report): ReadonlySet<string> {
  const ids = text
    .split(",")
    .map((id) => id.trim().toLowerCase())
    .filter((id) => id !== "");
  const wrong = ids.filter((id) => !GUID.test(id));
  if (wrong.length > 0)
    fault("BREAK_GLASS_IDS", `holds ${wrong.length} that are no object ids.`, "Give GUIDs, parted by commas.");
  return new Set(ids);
}
