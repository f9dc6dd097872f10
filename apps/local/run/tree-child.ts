// A whole run in a process group of its own, for the kill test: it tells how far it is, until it is killed or everybody is final.
import { fileURLToPath } from "node:url";
import { runProgram } from "../program.ts";
import type { Progress } from "./one-run.ts";
import { runOnce } from "./one-run.ts";
import type { TreeMessage } from "./tree-protocol.ts";
import { treeAsk } from "./tree-protocol.ts";

function tell(message: TreeMessage): void {
  if (process.connected) process.send?.(message, undefined, undefined, () => undefined);
}

function report({ looks, received, supervisor }: Progress): void {
  const isBusy = supervisor.busyInstances().length > 0;
  tell({ kind: "progress", looks, received, isBusy, now: supervisor.now() });
}

async function main(): Promise<number> {
  // Whoever asked is gone: nobody else would end this group.
  process.on("disconnect", () => process.kill(-process.pid, "SIGKILL"));
  const { users, seed, dataDir } = treeAsk.parse(JSON.parse(process.argv[2] ?? ""));
  const programsDir = fileURLToPath(new URL(".", import.meta.url));
  const ended = await runOnce({ users, seed }, { dataDir, programsDir }, report);
  const verdict = { ...ended.verdict, violations: [...ended.verdict.violations] };
  const message: TreeMessage = { ...ended, kind: "ended", phases: [...ended.phases], verdict };
  await new Promise<void>((resolve) => {
    if (process.send === undefined) resolve();
    else process.send(message, undefined, undefined, () => resolve());
  });
  process.removeAllListeners("disconnect");
  process.disconnect();
  return 0;
}

await runProgram(main);
