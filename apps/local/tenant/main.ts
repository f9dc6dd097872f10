// `npm run tenant`: the simulated tenant alone, on the wall clock times --speed, until Ctrl-C.
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { parseTenantFile } from "../../../shared/codec/tenant-file.ts";
import { deriveGuid } from "../../../shared/domain/hash.ts";
import { UserFault } from "../../../shared/domain/fault.ts";
import type { TenantUser } from "../../../shared/domain/tenant-user.ts";
import { runProgram } from "../program.ts";
import type { TenantFlags } from "./flags.ts";
import { HELP, parseFlags } from "./flags.ts";
import { generateUsers } from "./generate.ts";
import type { Identity, Sender } from "./options.ts";
import { SAMPLE_BREAK_GLASS } from "./options.ts";
import { startTenant } from "./tenant.ts";

const DOMAIN = "contoso.example";

/** Least privilege each; mail goes by Exchange's own grant. */
const IDENTITIES: readonly (Identity & { readonly name: string })[] = [
  {
    name: "reader",
    clientId: deriveGuid("tenant/reader"),
    roles: [
      "User.Read.All",
      "AuditLog.Read.All",
      "Policy.Read.All",
      "UserAuthenticationMethod.Read.All",
      "RoleManagement.Read.Directory",
      "LicenseAssignment.Read.All",
    ],
  },
  { name: "notifier", clientId: deriveGuid("tenant/notifier"), roles: ["Application Mail.Send"] },
  { name: "enforcer", clientId: deriveGuid("tenant/enforcer"), roles: ["Policy.ReadWrite.AuthenticationMethod"] },
  {
    name: "helpdesk",
    clientId: deriveGuid("tenant/helpdesk"),
    roles: ["UserAuthMethod-TAP.ReadWrite.All", "User.RevokeSessions.All"],
  },
];
await runProgram(async () => {
  const flags = parseFlags(process.argv.slice(2));
  if (flags === "help") process.stdout.write(HELP);
  else await serve(flags);
  return 0;
});

async function serve(flags: TenantFlags): Promise<void> {
  const users = readUsers(flags);
  const started = Date.now();
  const senders = Array.from({ length: flags.senders }, (_, i) => sender(i + 1));
  const [identityHeader, adminToken] = [randomBytes(16).toString("hex"), randomBytes(16).toString("hex")];
  const tenant = await startTenant({
    clock: { now: () => Math.floor(started + (Date.now() - started) * flags.speed) },
    dataDir: flags.dataDir,
    port: flags.port,
    users,
    seed: flags.seed,
    faults: flags.faults,
    quota: flags.quota,
    latencyMs: 0,
    tenantId: deriveGuid("tenant"),
    identityHeader,
    identities: IDENTITIES,
    senders,
    breakGlass: SAMPLE_BREAK_GLASS,
    adminToken,
  });
  const lines = [
    `Graph              ${tenant.url}   (${users.length} people, clock at ${flags.speed} x)`,
    `IDENTITY_ENDPOINT  ${tenant.identityEndpoint}`,
    `IDENTITY_HEADER    ${identityHeader}`,
    ...IDENTITIES.map(({ name, clientId }) => `${name.padEnd(18)} ${clientId}`),
    ...senders.map(({ id, mail }) => `sender             ${id}  ${mail}`),
    `simulator          curl -H "authorization: Bearer ${adminToken}" ${tenant.url}/simulator/stats`,
    "Ctrl-C ends it.",
  ];
  process.stdout.write(`${lines.join("\n")}\n`);
  const end = await Promise.race([endSignal(), tenant.broken()]);
  await tenant.close();
  if (end instanceof Error) throw end;
}

function readUsers(flags: TenantFlags): readonly TenantUser[] {
  if (flags.tenantFile === null) return generateUsers({ count: flags.users, seed: flags.seed, domain: DOMAIN });
  const { users, notes } = parseTenantFile(readTenantFile(flags.tenantFile), flags.tenantFile);
  for (const note of notes) process.stderr.write(`note: ${note}\n`);
  return users;
}

function readTenantFile(path: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (error) {
    if (!(error instanceof Error) || !("code" in error)) throw error;
    const what = error.code === "ENOENT" ? "there is no such file." : `it cannot be read (${String(error.code)}).`;
    throw new UserFault([{ what, fix: "Name a CSV or JSON file that you may read.", at: { where: path } }]);
  }
}

function sender(n: number): Sender {
  return { id: deriveGuid(`sender/${n}`), mail: `mfa-notice-${n}@${DOMAIN}` };
}

async function endSignal(): Promise<void> {
  await new Promise<void>((resolve) => {
    const end = (): void => {
      resolve();
    };
    process.once("SIGINT", end);
    process.once("SIGTERM", end);
  });
}
