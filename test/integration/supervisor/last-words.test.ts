// What a child says of its end reaches the supervisor, whichever of the two it sees first.
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, it } from "vitest";
import { SupervisedChild } from "../../../apps/local/supervisor/child-process.ts";
import { until } from "../until.ts";

const folder = mkdtempSync(join(tmpdir(), "mfa-last-words-"));
const file = (name: string): string => join(folder, name);
afterEach(() => rmSync(folder, { recursive: true, force: true }));

// Every death that is there is collected once one is seen. When a first child's death waits to be handled, and a second child
// speaks and dies in that moment, the second's death comes before its words.
it("a fault told just before the exit is what the start fails with, though the exit is seen first", async () => {
  const fault = { kind: "fatal", message: "m", faults: [{ what: "it is broken", fix: "mend it", where: "here" }] };
  const first = supervise(speaker("first", { kind: "busy" }), () => letSpeak("second"));
  const second = supervise(speaker("second", fault), () => undefined);
  const init = (): boolean => ["first.init", "second.init"].every((name) => existsSync(file(name)));
  await until("both children have been told to start", init, (isSo) => isSo);

  letSpeak("first");

  await expect(first.ready).rejects.toThrow("ended (exit code 2) before it was ready");
  await expect(second.ready).rejects.toThrow("here: it is broken");
});

function supervise(entry: string, onHint: () => void): SupervisedChild {
  const ignore = (): void => undefined;
  return new SupervisedChild(
    { entry, role: "host", environment: process.env, onLine: ignore, onHint, onDeath: ignore },
    { seq: () => 0, offset: () => 0, settings: {} },
  );
}

/** A child that says one thing when it is allowed to, and exits. */
function speaker(name: string, words: object): string {
  const entry = file(`${name}.mjs`);
  writeFileSync(
    entry,
    `import { existsSync, writeFileSync } from "node:fs";
     const at = (event) => ${JSON.stringify(file(name))} + "." + event;
     const note = (event) => writeFileSync(at(event), "");
     process.send({ kind: "hello", role: "host", pid: process.pid });
     process.on("message", () => {
       note("init");
       const timer = setInterval(() => {
         if (!existsSync(at("go"))) return;
         clearInterval(timer);
         process.send(${JSON.stringify(words)}, () => { note("told"); process.exit(2); });
       }, 5);
     });`,
  );
  return entry;
}

/** Blocks this process, so that what the child says and its death are both there before either is looked at. */
function letSpeak(name: string): void {
  const bell = new Int32Array(new SharedArrayBuffer(4));
  writeFileSync(file(`${name}.go`), "");
  for (let tries = 0; tries < 500 && !existsSync(file(`${name}.told`)); tries++) Atomics.wait(bell, 0, 0, 10);
  Atomics.wait(bell, 0, 0, 200); // the death itself comes a moment after its last file
}
