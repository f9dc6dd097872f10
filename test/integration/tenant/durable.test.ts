// The tenant's log: nothing is told before it is on the disk, and a file is opened, or refused, as it deserves.
import { appendFileSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { afterEach, describe, expect, it, vi } from "vitest";
import { HOUR_MS } from "../../../shared/domain/instant.ts";
import { syncToDisk } from "../../../apps/local/tenant/durable-log.ts";
import type { TestTenant } from "./a-tenant.ts";
import {
  aTenant,
  aUser,
  ENFORCER,
  NEVER,
  newFolder,
  requirements,
  SENDER,
  setState,
  START,
  USABLE,
} from "./a-tenant.ts";

const open: TestTenant[] = [];
afterEach(async () => {
  for (const t of open.splice(0)) await t.tenant.close();
});

async function tenantOn(...args: Parameters<typeof aTenant>): Promise<TestTenant> {
  const t = await aTenant(...args);
  open.push(t);
  return t;
}
async function closeAll(): Promise<void> {
  for (const t of open.splice(0)) await t.tenant.close();
}
const logOf = (dataDir: string): string => join(dataDir, "tenant.log");
const line = (value: unknown): string => {
  const json = JSON.stringify(value);
  return `${crc32(json).toString(16).padStart(8, "0")} ${json}\n`;
};

/** A disk whose syncs end when the test says so. */
function slowDisk() {
  const running: (() => void)[] = [];
  const disk = {
    syncs: 0,
    isHeld: false,
    sync: async (fd: number): Promise<void> => {
      disk.syncs++;
      if (disk.isHeld) await new Promise<void>((resolve) => running.push(resolve));
      await syncToDisk(fd);
    },
    waiting: () => running.length,
    release: () => {
      for (const go of running.splice(0)) go();
    },
  };
  return disk;
}

describe("tenant 36: an answer waits for the disk", () => {
  it("that of a change, and that of a read which would show it", async () => {
    const disk = slowDisk();
    const t = await tenantOn({ dataDir: newFolder(), disk });
    await t.call("GET", `/beta${requirements(NEVER)}`); // fetches the token, too
    await t.token(ENFORCER);
    disk.isHeld = true;
    const answered: string[] = [];
    const write = t.batch([setState(NEVER, "enforced")]).then(() => answered.push("write"));
    await vi.waitFor(() => expect(disk.waiting()).toBe(1));
    const read = t.call("GET", `/beta${requirements(NEVER)}`).then(({ body }) => {
      answered.push("read");
      expect(body).toMatchObject({ perUserMfaState: "enforced" });
    });
    const door = t.door("GET", "stats").then(({ text }) => {
      answered.push("door");
      expect(text).toContain('"writes":1');
    });
    // The identity endpoint shows nothing of the log: when it has answered, all the others had time to.
    await vi.waitFor(() => expect(t.tenant.stats().requests).toBe(3));
    await t.door("GET", "stats", undefined, "wrong token");
    expect(answered).toEqual([]);
    disk.isHeld = false;
    disk.release();
    await Promise.all([write, read, door]);
    expect(answered).toHaveLength(3);
  });

  it("shares one sync among all that come while another runs", async () => {
    const disk = slowDisk();
    const users = Array.from({ length: 30 }, (_, i) => aUser(`user${i}`, { kind: "never" }));
    const t = await tenantOn({ dataDir: newFolder(), disk, users });
    await t.token(ENFORCER);
    disk.isHeld = true;
    const first = t.batch([setState(NEVER, "enabled")]);
    const others = Promise.all(users.map((user) => t.batch([setState(user, "enabled")])));
    await vi.waitFor(() => expect(t.tenant.stats().writes).toBe(30));
    expect(disk.waiting()).toBe(1);
    disk.isHeld = false;
    disk.release();
    await Promise.all([first, others]);
    expect(disk.syncs).toBeLessThan(6);
  });
});

describe("tenant 36: a disk without room", () => {
  it("ends the answers, loses nothing that was answered, and goes on when there is room", async () => {
    const dataDir = newFolder();
    const full = Object.assign(new Error("no space left on device"), { code: "ENOSPC" });
    let isFull = false;
    const disk = { sync: (fd: number): Promise<void> => (isFull ? Promise.reject(full) : syncToDisk(fd)) };
    const t = await tenantOn({ dataDir, disk });
    await t.batch([setState(NEVER, "enabled")]);
    isFull = true;
    await expect(t.batch([setState(USABLE, "enforced")])).rejects.toThrow();
    expect(await t.tenant.broken()).toBe(full);
    await expect(t.call("GET", `/beta${requirements(NEVER)}`)).rejects.toThrow();
    await closeAll();
    const again = await tenantOn({ dataDir });
    expect(again.tenant.account().user(NEVER.id)?.writes).toHaveLength(1);
  });
});

describe("tenant 36: one process a folder", () => {
  it("refuses the second, and takes over the lock of one that is gone", async () => {
    const dataDir = newFolder();
    await tenantOn({ dataDir });
    await expect(aTenant({ dataDir })).rejects.toThrow(`The data folder is in use by process ${process.pid}.`);
    await closeAll();
    writeFileSync(join(dataDir, "broker.lock"), JSON.stringify({ pid: 2 ** 22 + 1, started: "1" }));
    await tenantOn({ dataDir });
  });
});

describe("tenant 36: the file of the log", () => {
  it("is read as an older build wrote it, one event a line, and kept as today's", async () => {
    const dataDir = newFolder();
    const event = { t: "write", at: START, user: NEVER.id, by: ENFORCER, requested: "enabled", stored: "enabled" };
    const head = { v: 1, tenantId: "44444444-0000-4000-8000-000000000001", epoch: START };
    writeFileSync(
      logOf(dataDir),
      line(head) + line({ ...event, sticky: false }) + line({ t: "deleted", at: START, user: USABLE.id }),
    );
    for (let start = 0; start < 2; start++) {
      const t = await tenantOn({ dataDir });
      expect(t.tenant.account().user(NEVER.id)?.writes).toHaveLength(1);
      expect(t.tenant.account().user(USABLE.id)?.deletedAt).toBe(START);
      await closeAll();
    }
    expect(readFileSync(logOf(dataDir), "utf8")).toContain('{"v":2,');
  });

  it("is cut where it was torn, and says so", async () => {
    const dataDir = newFolder();
    const t = await tenantOn({ dataDir });
    await t.batch([setState(NEVER, "enabled")]);
    await closeAll();
    appendFileSync(logOf(dataDir), '0badc0de [{"t":"wri');
    const said = vi.spyOn(process.stderr, "write").mockReturnValue(true);
    await tenantOn({ dataDir });
    const told = said.mock.calls.map(([text]) => String(text)).join("");
    said.mockRestore();
    expect(told).toMatch(/tenant\.log: the last record was torn; its 19 bytes at byte \d+ were cut off\n$/u);
  });

  it("of a newer build is refused, and damage names the line and the way out", async () => {
    const dataDir = newFolder();
    writeFileSync(logOf(dataDir), line({ v: 3, tenantId: "44444444-0000-4000-8000-000000000001", epoch: START }));
    await expect(aTenant({ dataDir })).rejects.toThrow(/written by a newer version \(format 3, this one reads 2\)/u);
    writeFileSync(
      logOf(dataDir),
      line({ v: 2, tenantId: "44444444-0000-4000-8000-000000000001", epoch: START }) + "x\n" + line([]),
    );
    await expect(aTenant({ dataDir })).rejects.toThrow(
      /tenant\.log:2: this line is damaged.*Restore the file.*or move it/su,
    );
  });

  it("loses refused calls that no quota remembers, and nothing else", async () => {
    const dataDir = newFolder();
    const t = await tenantOn({ dataDir });
    await t.batch([setState(NEVER, "enabled")]);
    await t.call("POST", `/v1.0/users/${SENDER.id}/sendMail`, { bad: true, body: {} });
    await closeAll();
    const refused = { t: "refused-writes", at: START, by: ENFORCER, count: 1 };
    for (let i = 0; i < 2_450; i++) appendFileSync(logOf(dataDir), line([refused]));
    const before = statSync(logOf(dataDir)).size;

    const soon = await tenantOn({ dataDir });
    expect(soon.tenant.account().user(NEVER.id)?.writes).toHaveLength(1);
    const [warned] = await soon.batch([setState(NEVER, "disabled")]);
    expect(warned?.headers).toMatchObject({ "x-ms-throttle-limit-percentage": "0.82" });
    await closeAll();
    expect(statSync(logOf(dataDir)).size).toBeGreaterThanOrEqual(before);

    const later = await tenantOn({ dataDir }, { at: START + HOUR_MS });
    expect(later.tenant.account().user(NEVER.id)?.writes).toHaveLength(2);
    await closeAll();
    expect(statSync(logOf(dataDir)).size).toBeLessThan(2_000);
    const last = await tenantOn({ dataDir }, { at: START + HOUR_MS });
    expect(last.tenant.account().user(NEVER.id)?.writes).toHaveLength(2);
  });
});

describe("tenant 10: quotas over a restart", () => {
  it("counts writes that were refused or found nobody as before", async () => {
    const dataDir = newFolder();
    const t = await tenantOn({ dataDir });
    const ghost = (i: number) => ({
      id: String(i),
      method: "PATCH",
      url: "/users/nobody/authentication/requirements",
      body: { perUserMfaState: "enabled" },
    });
    const twenty = Array.from({ length: 20 }, (_, i) => ghost(i));
    for (let i = 0; i < 121; i++) await t.batch(twenty);
    await closeAll();
    const again = await tenantOn({ dataDir });
    const [answer] = await again.batch([setState(NEVER, "enabled")]);
    expect(answer?.headers).toMatchObject({ "x-ms-throttle-limit-percentage": "0.81" });
  });
});
