// What must hold when a seed has ended: everybody is final, and the rows are as the tenant is.
import type { Phase } from "../../../shared/domain/enrollment.ts";
import type { FailureReason } from "../../../shared/domain/failure.ts";
import type { UserId } from "../../../shared/domain/names.ts";
import type { Oracle } from "./oracle.ts";
import type { GraphWeather } from "./sim-graph.ts";
import type { SimTenant } from "./sim-tenant.ts";

export const FINAL: ReadonlySet<Phase> = new Set(["enforced", "restored", "excluded", "failed", "held"]);

/** Reasons that no user may be failed for: the tenant was busy, or nobody was judged. */
const NEVER_FINAL: readonly FailureReason[] = ["throttled", "mailbox-busy", "permission-missing", "user-gone"];

export function judgeEnd(oracle: Oracle, tenant: SimTenant, weather: GraphWeather, users: number): void {
  const { rows } = oracle.committed;
  oracle.expect(rows.size === users, 3, () => `${users} were accepted, ${rows.size} have a row`);
  for (const [userId, { wave, versions }] of rows) {
    const last = versions.at(-1)?.value;
    if (last === undefined) continue;
    const { phase } = last.state;
    oracle.expect(FINAL.has(phase), 3, () => `${userId} of ${wave} is ${phase} for ever: ${JSON.stringify(last)}`);
    if (last.state.phase === "failed") judgeFailed(oracle, weather, userId, last.state.reason);
    const person = tenant.people.get(userId);
    if (phase === "enforced" && person !== undefined)
      oracle.expect(
        person.mfaState === "enforced",
        4,
        () => `${userId} is enforced by its row, ${person.mfaState} in the tenant`,
      );
  }
}

function judgeFailed(oracle: Oracle, weather: GraphWeather, userId: UserId, reason: FailureReason): void {
  oracle.expect(!NEVER_FINAL.includes(reason), 3, () => `${userId} failed as ${reason}, which is no end`);
  const isProtected = reason !== "protected-object" || weather.protectedUsers.has(userId);
  oracle.expect(isProtected, 4, () => `${userId} failed as ${reason}, and only the permission was gone`);
}
