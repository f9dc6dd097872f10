// The smaller stores on memory and on Table Storage.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { NEW_CONTROL, withRest } from "../../shared/domain/control.ts";
import { deriveGuid } from "../../shared/domain/hash.ts";
import { DAY_MS, MINUTE_MS } from "../../shared/domain/instant.ts";
import { budgetFrom, newLedger } from "../../shared/domain/ledger.ts";
import type { Rollout, Wave } from "../../shared/domain/rollout.ts";
import type { RegistrationValue } from "../../shared/domain/registration.ts";
import { Conflict } from "../../shared/ports/errors.ts";
import { T0 } from "../support/builders.ts";
import type { TablesUnderTest } from "./table-kinds.ts";
import { KINDS } from "./table-kinds.ts";

const ROLLOUT: Rollout = {
  id: "pilot",
  status: "applying",
  appliedAt: T0,
  users: 3,
  soakMs: 40 * DAY_MS,
  breakGlass: [deriveGuid("emergency")],
  senders: ["notices@contoso.example"],
  breakGlassCheck: { at: 0, valid: false, because: "never looked" },
};

function aWave(index: number): Wave {
  const times = { startAt: T0, openedAt: 0, launchedAt: 0, doneAt: 0 };
  return { id: `wave-${index}`, index, status: "planned", users: 3, batches: 1, ...times };
}

describe.each(KINDS)("smaller stores on $kind", ({ open }) => {
  let under: TablesUnderTest;
  beforeAll(async () => {
    under = await open();
  });
  afterAll(() => under.close());

  it("a rollout with its waves is created once, read with one query, and changed only as it was read", async () => {
    const { rollouts } = under.stores;
    expect(await rollouts.read("pilot")).toBeNull();
    await rollouts.create(ROLLOUT, [aWave(0), aWave(1)]);
    await rollouts.create({ ...ROLLOUT, users: 99 }, [aWave(0)]);
    under.counts.read = 0;
    const view = await rollouts.read("pilot");
    expect(under.counts.read).toBe(1);
    expect(view?.rollout.value).toEqual(ROLLOUT);
    expect(view?.waves.map(({ value }) => value)).toEqual([aWave(0), aWave(1)]);
    if (view?.waves[0] === undefined) throw new Error("no rollout");
    await rollouts.saveRollout({ ...view.rollout, value: { ...ROLLOUT, status: "active" } });
    await expect(rollouts.saveRollout(view.rollout)).rejects.toBeInstanceOf(Conflict);
    await rollouts.saveWave("pilot", { ...view.waves[0], value: { ...aWave(0), status: "open", openedAt: T0 } });
    const after = await rollouts.read("pilot");
    expect(after?.rollout.value.status).toBe("active");
    expect(after?.waves[0]?.value).toMatchObject({ status: "open", openedAt: T0 });
  });

  it("of each gate the newest result is read, and of each wave its progress", async () => {
    const { rollouts } = under.stores;
    const gate = { wave: "wave-0", gate: "start", because: "its start", nextLook: T0 + DAY_MS } as const;
    await rollouts.recordGate("pilot", { ...gate, result: "closed", at: T0 });
    await rollouts.recordGate("pilot", { ...gate, result: "open", at: T0 + 1 });
    expect(await rollouts.readGates("pilot")).toEqual([{ ...gate, result: "open", at: T0 + 1 }]);
    const phases = { queued: 1, enabled: 0, notified: 0, enforced: 2, failed: 0, excluded: 0, held: 0, restoring: 0 };
    const notices = { sent: 2, uncertain: 1 };
    const progress = { wave: "wave-0", phases: { ...phases, restored: 0 }, failures: { "no-answer": 1 }, notices };
    await rollouts.saveProgress("pilot", progress, T0);
    expect((await rollouts.read("pilot"))?.progress).toEqual([progress]);
  });

  it("the control row has a default, and each of two changes made at once is kept", async () => {
    const { control } = under.stores;
    expect((await control.readControl()).value).toEqual(NEW_CONTROL);
    await Promise.all([
      control.updateControl((now) => withRest(now, "mail", { until: T0 + MINUTE_MS, now: T0 })),
      control.updateControl((now) => withRest(now, "graph-write", { until: T0 + 5, now: T0 })),
    ]);
    const { notBefore } = (await control.readControl()).value;
    expect(notBefore).toMatchObject({ mail: T0 + MINUTE_MS, "graph-write": T0 + 5 });
  });

  it("a change of the control row whose answer was lost stands once", async () => {
    const { control } = under.stores;
    const before = under.lost();
    under.loseNextAnswer();
    await control.updateControl((now) => (now.reportAt === T0 ? now : { ...now, reportAt: T0 }));
    expect(under.lost()).toBe(before + 1);
    expect((await control.readControl()).value.reportAt).toBe(T0);
  });

  it("the ledger is written by who read it last, also with a thousand entries", async () => {
    const { control } = under.stores;
    expect(await control.readLedger()).toBeNull();
    const ledger = newLedger(budgetFrom({ writesPer150s: 2_850, mailsPerMinute: 30, mailsPerDay: 10_000 }), T0);
    await control.saveLedger(ledger, null);
    await expect(control.saveLedger(ledger, null)).rejects.toBeInstanceOf(Conflict);
    const stored = await control.readLedger();
    expect(stored?.value).toEqual(ledger);
    const entry = {
      rollout: "pilot",
      wave: "wave-0",
      step: "notify",
      seq: 1,
      at: T0,
      writes: 0,
      writesBefore: 0,
    } as const;
    const grant = [{ sender: deriveGuid("sender"), count: 20 }];
    const entries = Array.from({ length: 1_000 }, (_, batch) => ({ ...entry, batch, grant }));
    await control.saveLedger({ ...ledger, entries }, stored?.etag ?? null);
    expect((await control.readLedger())?.value.entries).toEqual(entries);
    await expect(control.saveLedger(ledger, stored?.etag ?? null)).rejects.toBeInstanceOf(Conflict);
  });

  it("a user has one place: the same again is none of the taken, another is", async () => {
    const { users } = under.stores;
    const places = Array.from({ length: 300 }, (_, slot) => ({
      ...{ rollout: "pilot", wave: "wave-0", batch: 0, slot },
      userId: deriveGuid(`user ${slot}`),
    }));
    expect(await users.claim(places)).toEqual([]);
    expect(await users.claim(places)).toEqual([]);
    const [first] = places;
    if (first === undefined) throw new Error("no place");
    expect(await users.claim([{ ...first, rollout: "other" }])).toEqual([first]);
    expect(await users.find(first.userId)).toEqual(first);
    expect(await users.find(deriveGuid("nobody"))).toBeNull();
  });

  it("people are put, put again and found", async () => {
    const person = { userId: deriveGuid("user 1"), displayName: "Ünal", userPrincipalName: "u@contoso.example" };
    await under.stores.people.put([{ ...person, mail: "", language: "de" }]);
    await under.stores.people.put([{ ...person, mail: "u@contoso.example", language: "de" }]);
    expect(await under.stores.people.find(person.userId)).toMatchObject({ ...person, mail: "u@contoso.example" });
  });

  it("a snapshot of more users than a row holds comes back whole, and the next one replaces it", async () => {
    const { snapshots } = under.stores;
    expect(await snapshots.read()).toEqual({ reportAt: 0, registrations: new Map() });
    const values: readonly RegistrationValue[] = ["usable", "none", "unknown"];
    const all = Array.from({ length: 10_000 }, (_, index) => [deriveGuid(`s ${index}`), values[index % 3]] as const);
    const registrations = new Map(all.flatMap(([id, value]) => (value === undefined ? [] : [[id, value] as const])));
    await snapshots.write({ reportAt: T0, registrations });
    expect(await snapshots.read()).toEqual({ reportAt: T0, registrations });
    const fewer = new Map([...registrations].slice(0, 2));
    await snapshots.write({ reportAt: T0 + 1, registrations: fewer });
    expect(await snapshots.read()).toEqual({ reportAt: T0 + 1, registrations: fewer });
  });

  it("dead letters: the same message is one row, the newest comes first, and none without a rollout is lost", async () => {
    const { deadLetters } = under.stores;
    const letter = { rollout: "pilot", queue: "mfa-enable", body: "{}", reason: "too often", deliveryCount: 10 };
    await deadLetters.record({ ...letter, at: T0, messageId: "one" });
    await deadLetters.record({ ...letter, at: T0 + 5_000, messageId: "one" });
    await deadLetters.record({ ...letter, at: T0 + 9_000, messageId: "two / #?" });
    await deadLetters.record({ ...letter, at: T0, messageId: "", rollout: null, body: "x".repeat(40_000) });
    expect((await deadLetters.list("pilot")).map(({ messageId }) => messageId)).toEqual(["two / #?", "one"]);
    expect((await deadLetters.list(null)).map(({ body }) => body.length)).toEqual([32_000]);
  });

  it("a dead letter keeps what was done about it, also when its message is recorded again or an answer is lost", async () => {
    const { deadLetters } = under.stores;
    const letter = {
      rollout: "deeds",
      queue: "mfa-enable",
      messageId: "m",
      body: "{}",
      reason: "r",
      deliveryCount: 10,
    };
    const id = await deadLetters.record({ ...letter, at: T0 });
    const read = async () => {
      const found = await deadLetters.find({ rollout: "deeds", id });
      if (found === null) throw new Error("no such letter");
      return found;
    };
    expect(await deadLetters.find({ rollout: "deeds", id: "20260302080000000_0000000000000000" })).toBeNull();
    const [first, other] = [await read(), await read()];
    expect(first.deeds).toEqual([]);
    const deed = { kind: "dismissed", at: T0 + 1, by: "Ünal", because: "a drill" } as const;
    const before = under.lost();
    under.loseNextAnswer();
    await deadLetters.addDeed(first, deed);
    expect(under.lost()).toBe(before + 1);
    await expect(deadLetters.addDeed(other, { ...deed, by: "Ben" })).rejects.toBeInstanceOf(Conflict);
    expect(await deadLetters.record({ ...letter, at: T0 + 5_000 })).toBe(id);
    expect((await read()).deeds).toEqual([deed]);
  });

  it("a dead letter of a build that kept no deeds is read, and columns of a newer one stay", async () => {
    const { deadLetters } = under.stores;
    const id = "20260302080000000_00000000000000aa";
    const old = { v: 1, rollout: "older", at: "2026-03-02T08:00:00.000Z", queue: "mfa-enable", messageId: "m" };
    const columns = { ...old, body: "{}", reason: "r", deliveryCount: 10, fromLater: "kept" };
    await under.tables.deadletters.transact("older", [{ kind: "create", row: id, columns }]);
    const [letter] = await deadLetters.list("older");
    if (letter === undefined) throw new Error("no letter");
    expect(letter.deeds).toEqual([]);
    await deadLetters.addDeed(letter, { kind: "replayed", at: T0, by: "Ada", because: "mended" });
    expect((await under.tables.deadletters.get("older", id))?.columns["fromLater"]).toBe("kept");
  });
});
