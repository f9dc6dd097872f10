// Who is in the tenant of a seed, when each of them registers, and the rollout that they are put through.
import { DAY_MS, HOUR_MS } from "../../../shared/domain/instant.ts";
import type { Instant } from "../../../shared/domain/instant.ts";
import type { UserId } from "../../../shared/domain/names.ts";
import type { UnregisteredThen } from "../../../shared/domain/policy.ts";
import type { RolloutSpec } from "../../../shared/domain/spec.ts";
import type { SeededRandom } from "../../../shared/memory/seeded-chance.ts";
import type { SimTenant } from "./sim-tenant.ts";

/** Monday, 2 March 2026, 06:00 UTC; clocks change in Berlin four weeks later. */
export const START: Instant = Date.UTC(2026, 2, 2, 6);

export const BREAK_GLASS = [1, 2].map((number) => ({
  id: `0000000b-0000-4000-8000-00000000000${number}`,
  userPrincipalName: `break-glass-${number}@contoso.example`,
  enabled: true,
  cloudOnly: true,
  globalAdministrator: true,
}));

const THEN: readonly UnregisteredThen[] = ["exclude", "fail", "hold", "enforce"];
const STARTS = ["2026-03-02T08:00", "2026-03-05T08:00", "2026-03-09T07:30"] as const;

export function specOf(random: SeededRandom): RolloutSpec {
  const whole = (least: number, most: number): number => least + Math.floor(random.next() * (most - least + 1));
  const waves = whole(1, 3);
  const shares = waves === 1 ? [100] : waves === 2 ? [25, 75] : [10, 30, 60];
  const graceDays = whole(2, 10);
  const then = THEN[whole(0, THEN.length - 1)] ?? "exclude";
  return {
    apiVersion: "mfa-rollout/v1",
    rollout: "contoso",
    timeZone: "Europe/Berlin",
    waves: shares.map((percent, index) => ({
      id: `wave-${index + 1}`,
      selector: { kind: "share", percent },
      start: STARTS[index] ?? STARTS[0],
    })),
    graceDays,
    soakDays: whole(0, 2),
    leastNoticeDays: whole(1, graceDays),
    registered: random.next() < 0.8 ? { mode: "deferred" } : { mode: "at-once", reason: "the board decided so" },
    unregistered: { waitDays: whole(0, 8), then, reason: then === "enforce" ? "the board decided so" : "" },
    breakGlass: BREAK_GLASS.map(({ id }) => ({ kind: "id", id })),
    exclusions: [],
    senders: Array.from({ length: whole(1, 3) }, (_, index) => `notice-${index + 1}@contoso.example`),
  };
}

function personId(index: number): UserId {
  return `00000000-0000-4000-8000-${String(index).padStart(12, "0")}`;
}

/** @returns who registers by themselves, and when */
export function populate(
  tenant: SimTenant,
  users: number,
  random: SeededRandom,
): readonly { readonly userId: UserId; readonly at: Instant }[] {
  tenant.breakGlass.push(...BREAK_GLASS);
  const registers: { readonly userId: UserId; readonly at: Instant }[] = [];
  for (let index = 1; index <= users; index += 1) {
    const id = personId(index);
    const [kind, when, state] = [random.next(), random.next(), random.next()];
    tenant.add(
      {
        id,
        userPrincipalName: `person${index}@contoso.example`,
        displayName: `Person ${index}`,
        mail: kind < 0.01 ? "" : `person${index}@contoso.example`,
        department: null,
        userType: "Member",
        accountEnabled: true,
        preferredLanguage: null,
        createdAt: 0,
      },
      {
        registration: kind < 0.4 ? "usable" : "none",
        mfaState: state < 0.03 ? "enforced" : state < 0.06 ? "enabled" : "disabled",
      },
    );
    tenant.note(id);
    if (kind >= 0.4 && kind < 0.85)
      registers.push({ userId: id, at: START + HOUR_MS + Math.floor(when * 20 * DAY_MS) });
  }
  return registers;
}
