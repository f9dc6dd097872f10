// Settings: all faults at once, each by its name, and never a secret.
import { describe, expect, it } from "vitest";
import type { Environment } from "../../shared/config.ts";
import { readConfig } from "../../shared/config.ts";
import { UserFault } from "../../shared/domain/fault.ts";

const GUID = "11111111-2222-4333-8444-555555555555";
const GOOD: Environment = {
  ROLLOUT_STORAGE: "UseDevelopmentStorage=true",
  ROLLOUT_BUS: "Endpoint=sb://127.0.0.1:5672;SharedAccessKeyName=any;SharedAccessKey=secret",
  TENANT_ID: GUID.toUpperCase(),
  GRAPH_READER_CLIENT_ID: GUID,
  GRAPH_NOTIFIER_CLIENT_ID: GUID,
  GRAPH_ENFORCER_CLIENT_ID: GUID,
};

function faultsOf(environment: Environment): UserFault["faults"] {
  try {
    readConfig(environment);
  } catch (error) {
    if (error instanceof UserFault) return error.faults;
    throw error;
  }
  return [];
}

describe("settings", () => {
  it("have defaults: the real Graph, 95 % of the documented write quota, a mailbox's own limits, the spec's senders", () => {
    const config = readConfig(GOOD);

    expect(config.graphBaseUrl).toBe("https://graph.microsoft.com");
    expect(config.tenant).toBe(GUID);
    expect(config.noticeSenders).toEqual([]);
    expect(config.reportPagesPer10s).toBe(5);
    expect(config.storage).toEqual({ kind: "connection-string", text: "UseDevelopmentStorage=true" });
  });

  it("take an identity in place of a connection string", () => {
    const { storage, bus } = readConfig({
      ...GOOD,
      ROLLOUT_STORAGE: undefined,
      ROLLOUT_BUS: undefined,
      ROLLOUT_STORAGE__tableServiceUri: "https://account.table.core.windows.net",
      ROLLOUT_STORAGE__clientId: GUID,
      ROLLOUT_BUS__fullyQualifiedNamespace: "ns.servicebus.windows.net",
    });

    expect(storage).toEqual({ kind: "identity", endpoint: "https://account.table.core.windows.net", clientId: GUID });
    expect(bus).toMatchObject({ kind: "identity", namespace: "ns.servicebus.windows.net" });
  });

  it("take a pool of senders in place of the spec's, each once", () => {
    const pool = ` Notice-1@contoso.example, ${GUID},notice-1@contoso.example`;
    expect(readConfig({ ...GOOD, NOTICE_SENDERS: pool }).noticeSenders).toEqual(["notice-1@contoso.example", GUID]);
  });

  it("are reported wrong all at once, each by its name and with what to write instead", () => {
    const faults = faultsOf({
      TENANT_ID: "contoso",
      GRAPH_READER_CLIENT_ID: GUID,
      GRAPH_NOTIFIER_CLIENT_ID: "",
      GRAPH_ENFORCER_CLIENT_ID: GUID,
      GRAPH_BASE_URL: "http://graph.example",
      GRAPH_WRITES_PER_150S: "0",
      SENDER_MAILS_PER_MINUTE: "many",
      BREAK_GLASS_IDS: `${GUID},admin`,
      NOTICE_CHANNEL: "pigeon",
      NOTICE_SENDERS: "nobody",
    });

    expect(faults.map(({ at }) => at.where).sort()).toEqual([
      "BREAK_GLASS_IDS",
      "GRAPH_BASE_URL",
      "GRAPH_NOTIFIER_CLIENT_ID",
      "GRAPH_WRITES_PER_150S",
      "NOTICE_CHANNEL",
      "NOTICE_SENDERS",
      "ROLLOUT_BUS",
      "ROLLOUT_STORAGE",
      "SENDER_MAILS_PER_MINUTE",
      "TENANT_ID",
    ]);
    expect(faults.every(({ fix }) => fix.length > 10)).toBe(true);
  });

  it("let tokens leave only by TLS, or to this machine itself", () => {
    for (const url of [
      "http://127.0.0.1:7080",
      "http://localhost:7080",
      "http://[::1]:7080",
      "https://graph.microsoft.us",
    ])
      expect(faultsOf({ ...GOOD, GRAPH_BASE_URL: url })).toEqual([]);
    for (const url of ["http://127.0.0.1.evil.example", "ftp://127.0.0.1", "graph.microsoft.com", "http://10.0.0.1"])
      expect(faultsOf({ ...GOOD, GRAPH_BASE_URL: url }).map(({ at }) => at.where)).toEqual(["GRAPH_BASE_URL"]);
  });

  it("never show a secret in what is reported", () => {
    const said = JSON.stringify(faultsOf({ ...GOOD, TENANT_ID: "wrong", ROLLOUT_BUS: "SharedAccessKey=secret" }));
    expect(said).not.toContain("secret");
  });
});
