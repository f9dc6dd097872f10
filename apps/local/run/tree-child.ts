// A whole run in a process group of its own, for the kill test: it tells how far it is, until it is killed or everybody is final.
import { fileURLToPath } from "node:url";
import { runProgram } from "../program.ts";
import type { SupervisorEvent } from "../supervisor/options.ts";
import type { Disturbance } from "./one-run.ts";
import { readReceived, runOnce } from "./one-run.ts";
import type { Session } from "./session.ts";
import type { TreeMessage } from "./tree-protocol.ts";
import { treeAsk } from "./tree-protocol.ts";

const LOOK_MS = 3;

/** Disturbs nothing: whoever kills this is elsewhere. */
class Reporter implements Disturbance {
  readonly kills = 0;
  readonly busyKills = 0;
  #session: Session | null = null;
  #timer: NodeJS.Timeout | null = null;
  #looks = 0;
  #received = 0;

  begin(session: Session): void {
    this.#session = session;
    void this.#follow(session);
  }

  onEvent(event: SupervisorEvent): void {
    if (event.kind !== "jumped" || event.because !== "planner") return;
    this.#looks += 1;
    this.#report();
  }

  end(): void {
    this.#session = null;
    if (this.#timer !== null) clearTimeout(this.#timer);
  }

  async #follow(session: Session): Promise<void> {
    this.#received = await readReceived(session);
    if (this.#session === null) return;
    this.#report();
    this.#timer = setTimeout(() => void this.#follow(session), LOOK_MS);
  }

  #report(): void {
    if (this.#session === null) return;
    const { supervisor } = this.#session;
    const isBusy = supervisor.busyInstances().length > 0;
    const { looks, received } = { looks: this.#looks, received: this.#received };
    tell({ kind: "progress", looks, received, isBusy, now: supervisor.now() });
  }
}

function tell(message: TreeMessage): void {
  if (process.connected) process.send?.(message, undefined, undefined, () => undefined);
}

async function main(): Promise<number> {
  // Whoever asked is gone: nobody else would end this group.
  process.on("disconnect", () => process.kill(-process.pid, "SIGKILL"));
  const { users, seed, dataDir } = treeAsk.parse(JSON.parse(process.argv[2] ?? ""));
  const programsDir = fileURLToPath(new URL(".", import.meta.url));
  const ended = await runOnce({ users, seed }, { dataDir, programsDir }, new Reporter());
  const { phases, verdict, uncertain, looks, received, wallMs } = ended;
  const message: TreeMessage = {
    kind: "ended",
    phases: [...phases],
    verdict: { ...verdict, violations: [...verdict.violations] },
    uncertain,
    looks,
    received,
    wallMs,
  };
  await new Promise<void>((resolve) => {
    if (process.send === undefined) resolve();
    else process.send(message, undefined, undefined, () => resolve());
  });
  process.removeAllListeners("disconnect");
  process.disconnect();
  return 0;
}

await runProgram(main);
