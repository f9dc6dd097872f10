// The settings that the embedded runtime gives its function app: the names of the real ones, with this machine's addresses.
import { deriveGuid } from "../../../shared/domain/hash.ts";
import type { Addresses } from "../supervisor/options.ts";
import type { Identity } from "../tenant/options.ts";

export const TENANT_ID = deriveGuid("embedded/tenant");
const READER = deriveGuid("embedded/reader");
const NOTIFIER = deriveGuid("embedded/notifier");
const ENFORCER = deriveGuid("embedded/enforcer");

/** Least privilege each; mail goes by Exchange's own grant. */
export const IDENTITIES: readonly Identity[] = [
  {
    clientId: READER,
    roles: [
      "User.Read.All",
      "AuditLog.Read.All",
      "Policy.Read.All",
      "UserAuthenticationMethod.Read.All",
      "RoleManagement.Read.Directory",
    ],
  },
  { clientId: NOTIFIER, roles: ["Application Mail.Send"] },
  { clientId: ENFORCER, roles: ["Policy.ReadWrite.AuthenticationMethod"] },
];

/** "Off" for a budget: never the limit of a run on one machine. */
const UNBOUNDED = "100000000";

export function appSettings(
  addresses: Addresses,
  options: {
    readonly identityHeader: string;
    readonly quota: "documented" | "off";
    /** Another Graph than the embedded tenant; who we are there comes from the environment. */
    readonly graphUrl: string | null;
  },
): Record<string, string> {
  const off = options.quota === "off";
  const own = options.graphUrl === null ? embeddedTenant(addresses, options.identityHeader) : {};
  return {
    FUNCTIONS_WORKER_RUNTIME: "node",
    ROLLOUT_STORAGE: addresses.tables.connectionString,
    ROLLOUT_BUS: addresses.broker.connectionString,
    ...(options.graphUrl === null ? {} : { GRAPH_BASE_URL: options.graphUrl }),
    ...own,
    BREAK_GLASS_IDS: "",
    PLAN_WAVES_SCHEDULE: "0 * * * * *",
    CHECK_REGISTRATION_SCHEDULE: "0 15 */6 * * *",
    // The planner saves what it measures; this only sweeps, and each tick of virtual time costs a stop of the clock.
    MEASURE_PROGRESS_SCHEDULE: "0 30 4 * * *",
    GRAPH_WRITES_PER_150S: off ? UNBOUNDED : "2850",
    SENDER_MAILS_PER_MINUTE: off ? UNBOUNDED : "30",
    SENDER_MAILS_PER_DAY: off ? UNBOUNDED : "10000",
    REPORT_PAGES_PER_10S: off ? UNBOUNDED : "5",
  };
}

function embeddedTenant({ tenant }: Addresses, identityHeader: string): Record<string, string> {
  return {
    GRAPH_BASE_URL: tenant?.url ?? "",
    IDENTITY_ENDPOINT: tenant?.identityEndpoint ?? "",
    IDENTITY_HEADER: identityHeader,
    TENANT_ID,
    GRAPH_READER_CLIENT_ID: READER,
    GRAPH_NOTIFIER_CLIENT_ID: NOTIFIER,
    GRAPH_ENFORCER_CLIENT_ID: ENFORCER,
  };
}
