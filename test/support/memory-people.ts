// People and a spec for the pipeline in memory.
import type { Instant } from "../../shared/domain/instant.ts";
import { DAY_MS } from "../../shared/domain/instant.ts";
import type { RolloutSpec } from "../../shared/domain/spec.ts";
import type { DirectoryUser } from "../../shared/ports/directory.ts";
import type { MemoryWorld } from "./memory-world.ts";

export function personId(index: number): string {
  return `00000000-0000-4000-8000-${String(index).padStart(12, "0")}`;
}

function aPerson(index: number, change: Partial<DirectoryUser> = {}): DirectoryUser {
  return {
    id: personId(index),
    userPrincipalName: `person${String(index)}@contoso.example`,
    displayName: `Person ${String(index)}`,
    mail: `person${String(index)}@contoso.example`,
    department: null,
    userType: "Member",
    accountEnabled: true,
    preferredLanguage: "en-GB",
    createdAt: 0,
    ...change,
  };
}

const BREAK_GLASS = [1, 2].map((number) => ({
  id: `0000000b-0000-4000-8000-00000000000${String(number)}`,
  userPrincipalName: `break-glass-${String(number)}@contoso.example`,
  enabled: true,
  cloudOnly: true,
  globalAdministrator: true,
}));

export function aSpec(change: Partial<RolloutSpec> = {}): RolloutSpec {
  return {
    apiVersion: "mfa-rollout/v1",
    rollout: "contoso",
    timeZone: "Europe/Berlin",
    waves: [{ id: "all", selector: { kind: "share", percent: 100 }, start: "2026-03-02T08:00" }],
    graceDays: 14,
    soakDays: 3,
    leastNoticeDays: 7,
    registered: { mode: "deferred" },
    unregistered: { waitDays: 14, then: "exclude", reason: "not registered in time" },
    breakGlass: BREAK_GLASS.map(({ id }) => ({ kind: "id", id })),
    exclusions: [],
    senders: ["notice-1@contoso.example", "notice-2@contoso.example"],
    ...change,
  };
}

/** So many people; each registers so many days after the start, or never, or has registered before. */
export function populate(
  world: MemoryWorld,
  count: number,
  registersAfterDays: (index: number) => number | "before" | "never",
): void {
  world.tenant.breakGlass.push(...BREAK_GLASS);
  for (let index = 1; index <= count; index += 1) {
    const person = aPerson(index);
    const when = registersAfterDays(index);
    world.tenant.add(person, { registration: when === "before" ? "usable" : "none" });
    if (typeof when === "number") {
      const at: Instant = world.clock.now() + when * DAY_MS;
      world.at(at, () => world.tenant.register(person.id));
    }
  }
}
