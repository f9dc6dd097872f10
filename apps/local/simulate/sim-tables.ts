// Tables in memory behind port calls: each page, point read and transaction of an instance is one call.
import type { EntityTable, StoredEntity, Tables } from "../../../shared/ports/entity-table.ts";
import { tablesFrom } from "../../../shared/ports/entity-table.ts";
import type { FaultSource, MemoryFault } from "../../../shared/memory/memory-faults.ts";
import type { SimFault, Swarm } from "./faults.ts";
import type { Caller, PortCalls } from "./port-calls.ts";

const FAULT_OF: Partial<Record<MemoryFault, SimFault>> = {
  unavailable: "tables-unavailable",
  "lost-answer": "tables-answer-lost",
  conflict: "tables-conflict",
  "conflict-after-commit": "tables-conflict-after-commit",
  "empty-page": "tables-empty-page",
};

/** The faults of the memory tables, drawn by the swarm; in an outage nothing is reached. */
export class TableFaults implements FaultSource {
  readonly #swarm: Swarm;
  isOut = false;
  /** While the rollout is applied: the faults are for what comes after. */
  isSpared = false;

  constructor(swarm: Swarm) {
    this.#swarm = swarm;
  }

  strikes(fault: MemoryFault): boolean {
    if (this.isSpared) return false;
    if (this.isOut && fault === "unavailable") return true;
    const name = FAULT_OF[fault];
    return name !== undefined && this.#swarm.strikes(name);
  }
}

export function tablesOf(caller: Caller, calls: PortCalls, inner: Tables): Tables {
  return tablesFrom((name) => simTable(caller, calls, name, inner[name]));
}

function simTable(caller: Caller, calls: PortCalls, name: string, inner: EntityTable): EntityTable {
  return {
    get: (partition, row) => calls.call(caller, `get ${name}/${row}`, () => inner.get(partition, row)),
    pages: (partition, from, to) => simPages(caller, calls, `query ${name}/${from}`, inner.pages(partition, from, to)),
    transact: (partition, writes) =>
      calls.call(caller, `save ${name}/${partition}/${writes[0]?.row ?? ""}`, () => inner.transact(partition, writes)),
  };
}

async function* simPages(
  caller: Caller,
  calls: PortCalls,
  what: string,
  pages: AsyncIterable<readonly StoredEntity[]>,
): AsyncIterable<readonly StoredEntity[]> {
  const iterator = pages[Symbol.asyncIterator]();
  for (;;) {
    const next = await calls.call(caller, what, () => iterator.next());
    if (next.done === true) return;
    yield next.value;
    // A page that is not full is the last one: the end needs no call of its own.
    if (next.value.length > 0 && next.value.length < 1_000) return;
  }
}
