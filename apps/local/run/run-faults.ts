// The faults of one run, switched in the parts that make them: the tenant by its own door, tables and broker by the supervisor,
// whole instances from here.
import * as z from "zod";
import { switchFaults } from "../faults/fault-list.ts";
import { faultsOf } from "../faults/vocabulary.ts";
import type { Supervisor, SupervisorEvent } from "../supervisor/options.ts";
import type { RunFlags } from "./flags.ts";
import { InstanceFaults } from "./instance-faults.ts";

const told = z.looseObject({ faults: z.record(z.string(), z.number()).default({}) });

export class RunFaults {
  readonly instances: InstanceFaults;
  readonly #flags: RunFlags;
  readonly #adminToken: string;
  #supervisor: Supervisor | null = null;
  #isOn = false;

  constructor(flags: RunFlags, adminToken: string) {
    const { faults, seed, instances } = flags;
    this.#flags = flags;
    this.#adminToken = adminToken;
    const later = (delayMs: number, strike: () => void): void => void setTimeout(strike, delayMs);
    this.instances = new InstanceFaults({ faults: faultsOf(faults, "instances"), seed, instances, later });
  }

  begin(supervisor: Supervisor): void {
    this.#supervisor = supervisor;
  }

  onEvent(event: SupervisorEvent): void {
    if (this.#isOn) this.instances.onEvent(event, this.#supervisor);
  }

  async switchOn(): Promise<void> {
    if (this.#flags.faults.length === 0) return;
    await this.#set(true);
    this.#isOn = true;
  }

  async end(): Promise<Readonly<Record<string, number>>> {
    if (!this.#isOn || this.#supervisor === null) return {};
    this.#isOn = false;
    await this.#set(false);
    const supervisor = this.#supervisor;
    const parts = [supervisor.askTenant("stats"), supervisor.askBroker("stats"), supervisor.askTables("stats")];
    const counts = (await Promise.all(parts)).map((part) => told.safeParse(part).data?.faults ?? {});
    return Object.fromEntries([...counts, this.instances.happened()].flatMap((part) => Object.entries(part)));
  }

  async #set(isOn: boolean): Promise<void> {
    const supervisor = this.#supervisor;
    if (supervisor === null) throw new Error("the parts are not there yet");
    const asked = isOn ? this.#flags.faults : [];
    await supervisor.askTables(switchFaults("tables", asked));
    await supervisor.askBroker(switchFaults("broker", asked));
    await this.#setTenant(supervisor, faultsOf(asked, "tenant"));
  }

  async #setTenant({ addresses }: Supervisor, faults: readonly object[]): Promise<void> {
    if (addresses.tenant === null) return;
    const answer = await fetch(`${addresses.tenant.url}/simulator/faults`, {
      method: "POST",
      headers: { authorization: `Bearer ${this.#adminToken}`, "content-type": "application/json" },
      body: JSON.stringify({ faults }),
    });
    if (!answer.ok) throw new Error(`the tenant refuses the faults: ${answer.status}`);
  }
}
