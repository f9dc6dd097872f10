// What happens to a seed's days from outside: operators who act, services that fail for hours, people who come, go and change.
import type { Instant } from "../../../shared/domain/instant.ts";
import { DAY_MS, HOUR_MS } from "../../../shared/domain/instant.ts";
import type { UserId } from "../../../shared/domain/names.ts";
import type { SimFault } from "./faults.ts";
import type { PortCalls } from "./port-calls.ts";
import type { GraphWeather } from "./sim-graph.ts";
import type { TableFaults } from "./sim-tables.ts";
import type { SimTenant } from "./sim-tenant.ts";

export interface EventParts {
  readonly calls: PortCalls;
  readonly tenant: SimTenant;
  readonly weather: GraphWeather;
  readonly tableFaults: TableFaults;
  readonly from: Instant;
  readonly days: number;
  /** An operator acts, if there are any. */
  readonly act: () => void;
  readonly trace: (what: string) => void;
}

export function drawEvents(parts: EventParts): void {
  const { calls, from, days, act } = parts;
  for (let day = 0; day < days; day += 1) {
    const during = (): Instant => from + day * DAY_MS + calls.upTo(DAY_MS);
    if (calls.chance(0.5)) calls.scheduler.at(during(), "anna acts", act);
    drawWeather(parts, during);
    drawPeople(parts, during());
  }
}

function drawWeather({ calls, weather, tableFaults, trace }: EventParts, during: () => Instant): void {
  const { scheduler, swarm } = calls;
  const spell = (fault: SimFault, mostMs: number, turn: (isOn: boolean) => void): void => {
    if (!swarm.strikes(fault)) return;
    const from = during();
    scheduler.at(from, `${fault} begins`, () => {
      trace(`${fault} begins`);
      turn(true);
    });
    scheduler.at(from + calls.upTo(mostMs), `${fault} ends`, () => turn(false));
  };
  const area = (["read", "write", "mail"] as const)[calls.upTo(3)] ?? "write";
  spell("graph-storm", 2 * HOUR_MS, (isOn) => (weather.storm = isOn));
  spell("graph-outage", 2 * HOUR_MS, (isOn) => (weather.outage = isOn));
  spell("tables-outage", 2 * HOUR_MS, (isOn) => (tableFaults.isOut = isOn));
  spell("graph-permission-lost", 6 * HOUR_MS, (isOn) => {
    if (isOn) weather.forbidden.add(area);
    else weather.forbidden.delete(area);
  });
}

function drawPeople({ calls, tenant, trace }: EventParts, at: Instant): void {
  const happens = (fault: SimFault, act: (userId: UserId) => void): void => {
    if (!calls.swarm.strikes(fault)) return;
    calls.scheduler.at(at, fault, () => {
      const userId = [...tenant.people.keys()][calls.upTo(tenant.people.size)];
      if (userId === undefined) return;
      trace(`${fault}: ${userId}`);
      act(userId);
    });
  };
  happens("user-deleted", (userId) => tenant.remove(userId));
  happens("methods-lost", (userId) => tenant.loseMethods(userId));
  happens("user-renamed", (userId) => {
    const person = tenant.people.get(userId);
    if (person === undefined) return;
    tenant.people.set(userId, { ...person, user: { ...person.user, mail: `renamed-${person.user.mail}` } });
  });
}
