// What the simulated tenant must hold beside the people, so that a person's own spec runs: its mailboxes and emergency accounts.
import { deriveGuid } from "../../../shared/domain/hash.ts";
import type { RolloutSpec } from "../../../shared/domain/spec.ts";
import type { TenantUser } from "../../../shared/domain/tenant-user.ts";
import type { BreakGlassAccount, Sender } from "../tenant/options.ts";
import { SAMPLE_BREAK_GLASS } from "../tenant/options.ts";

const DOMAIN = "contoso.example";

/** As `--senders N` asks: so many mailboxes in place of the spec's. */
export function generatedSenders(count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => `mfa-notice-${index + 1}@${DOMAIN}`);
}

export function mailboxesOf({ senders }: RolloutSpec): readonly Sender[] {
  return senders.map((sender) =>
    sender.includes("@") ? { id: deriveGuid(sender), mail: sender } : { id: sender, mail: `${sender}@${DOMAIN}` },
  );
}

/** The sample's two, always, and whomever the spec names; one who is in the tenant file keeps id and name. */
export function emergencyAccountsOf(spec: RolloutSpec, users: readonly TenantUser[]): readonly BreakGlassAccount[] {
  const accounts = new Map(SAMPLE_BREAK_GLASS.map((account) => [account.id, account]));
  const known = [...SAMPLE_BREAK_GLASS, ...users];
  for (const ref of spec.breakGlass) {
    const user = known.find(({ id, userPrincipalName }) =>
      ref.kind === "id" ? id === ref.id : userPrincipalName.toLowerCase() === ref.userPrincipalName,
    );
    const id = user?.id ?? (ref.kind === "id" ? ref.id : deriveGuid(ref.userPrincipalName));
    const named = ref.kind === "id" ? `break-glass-${ref.id.slice(0, 8)}@${DOMAIN}` : ref.userPrincipalName;
    accounts.set(id, { id, userPrincipalName: user?.userPrincipalName ?? named });
  }
  return [...accounts.values()];
}
