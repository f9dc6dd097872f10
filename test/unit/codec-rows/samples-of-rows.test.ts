// All rows and messages of version 1 but the enrollments, and the keys that they stand under.
import { expect, it } from "vitest";
import * as batch from "../../../shared/codec/batch-rows.ts";
import { parseLongText } from "../../../shared/codec/columns.ts";
import { parseControl, parseLedger } from "../../../shared/codec/control-rows.ts";
import * as rollout from "../../../shared/codec/rollout-rows.ts";
import { parseStepMessage } from "../../../shared/codec/step-message.ts";
import * as user from "../../../shared/codec/user-rows.ts";
import type { Columns } from "../../../shared/domain/journal.ts";
import { CONTROL, FAR, HEADERS, JOURNAL, LEDGER, on, ROLLOUTS, T0, WAVES } from "./expected-v1.ts";
import { SAMPLES, samplesOf } from "./samples.ts";

/** Kind of row → its parser, and what each of its samples means. */
const KINDS: Readonly<
  Record<
    string,
    { readonly parse: (columns: Columns) => unknown; readonly expected: Readonly<Record<string, unknown>> }
  >
> = {
  header: { parse: batch.parseHeader, expected: HEADERS },
  journal: { parse: batch.parseJournal, expected: JOURNAL },
  control: { parse: parseControl, expected: { "with a stop": CONTROL } },
  ledger: { parse: parseLedger, expected: { "with two releases": LEDGER } },
  rollout: { parse: rollout.parseRollout, expected: ROLLOUTS },
  wave: { parse: rollout.parseWave, expected: WAVES },
  gate: {
    parse: rollout.parseGate,
    expected: {
      closed: {
        wave: "second",
        gate: "soak",
        result: "closed",
        because: "wave first is still being enabled and told",
        nextLook: FAR,
        at: on(9, 8),
      },
      open: {
        wave: "first",
        gate: "break-glass",
        result: "open",
        because: "2 of 2 accounts are usable",
        nextLook: 0,
        at: T0,
      },
    },
  },
  progress: {
    parse: rollout.parseProgress,
    expected: {
      "of a wave": {
        wave: "first",
        phases: {
          queued: 0,
          enabled: 3,
          notified: 30,
          enforced: 5,
          failed: 2,
          excluded: 1,
          held: 4,
          restoring: 6,
          restored: 7,
        },
        failures: { "not-registered": 2 },
        notices: { sent: 36, uncertain: 2 },
      },
    },
  },
  place: {
    parse: user.parsePlace,
    expected: { "of a user": { rollout: "pilot", wave: "first", batch: 7, slot: 39 } },
  },
  person: {
    parse: user.parsePerson,
    expected: {
      "with an odd name": {
        displayName: 'Zoë "Zo" O\'Neill',
        userPrincipalName: "zoe@contoso.example",
        mail: "",
        language: "de-DE",
      },
    },
  },
  snapshot: {
    parse: (columns) => user.parseRegistrations(parseLongText("text", columns)),
    expected: {
      "of three users": new Map([
        ["00000000-0000-4000-8000-000000000001", "usable"],
        ["00000000-0000-4000-8000-000000000002", "none"],
        ["00000000-0000-4000-8000-000000000003", "unknown"],
      ]),
    },
  },
  letter: {
    parse: user.parseLetter,
    expected: {
      "of a rollout": {
        rollout: "pilot",
        at: on(2, 9, 10),
        queue: "mfa-notify",
        messageId: "notify:pilot:first:7:513",
        body: '{"v":1}',
        reason: "MaxDeliveryCountExceeded",
        deliveryCount: 10,
      },
      "of nobody": {
        rollout: null,
        at: on(2, 9, 10),
        queue: "mfa-enable",
        messageId: "none",
        body: "",
        reason: "unknown",
        deliveryCount: 0,
      },
    },
  },
};

it.each(Object.entries(KINDS))("version 1 rows of kind %s mean what they always did", (kind, { parse, expected }) => {
  const samples = Object.entries(samplesOf(kind));
  const read = Object.fromEntries(samples.map(([name, columns]) => [name, parse(columns)]));
  expect(read).toStrictEqual(expected);
});

it("every kind of row in the samples has a meaning in these tests", () => {
  expect(Object.keys(SAMPLES.rows).sort()).toEqual([...Object.keys(KINDS), "enrollment"].sort());
});

it("version 1 messages mean what they always did: one may wait in a queue while a new build is deployed", () => {
  const read = Object.entries(SAMPLES.messages).map(([name, body]) => [name, parseStepMessage(body)]);
  const address = { tenant: "contoso", rollout: "pilot", wave: "first" };
  expect(Object.fromEntries(read)).toStrictEqual({
    enforce: { kind: "nudge", nudge: { ...address, batch: 8, step: "enforce", grant: [] } },
    notify: {
      kind: "nudge",
      nudge: { ...address, batch: 7, step: "notify", grant: [{ sender: "mfa@contoso.example", count: 30 }] },
    },
  });
});

it("rows stand under the keys that they always had: under others they would not be found", () => {
  const address = { rollout: "pilot", wave: "first", batch: 1_234 };
  expect({
    partition: batch.partitionOf(address),
    header: batch.headerKey(1_234),
    row: batch.rowKey(1_234, 7),
    journal: batch.journalKey(1_234, 56),
    genesis: batch.GENESIS,
    rollout: rollout.META_KEY,
    wave: rollout.waveKey(3),
    gate: rollout.gateKey("first", "break-glass", T0),
    progress: rollout.progressKey("first"),
    user: user.userPartition("contoso", "00000000-0000-4000-8000-000000000001"),
  }).toEqual({
    partition: "pilot_first_002",
    header: "h_01234",
    row: "u_01234_07",
    journal: "j_01234_00000056",
    genesis: "genesis",
    rollout: "meta",
    wave: "wave_03",
    gate: "gate_first_break-glass_20260302T080000000Z",
    progress: "progress_first",
    user: "contoso_5e",
  });
});

it("the text under a journal entry's hash is what it always was: with another, every old chain would look forged", () => {
  const { hash, ...entry } = JOURNAL["in two columns"] ?? expect.fail("no such sample");
  expect(hash).toBe("e5f6");
  expect(batch.journalText(entry)).toBe(
    '["c3d4",3,"c-0003","2026-03-02T09:00:04.000Z","Dana","exclude",' +
      '[{"slot":3,"columns":{"phase":"notified","toldAt":"2026-03-02T09:00:00.000Z","claimNotice":"","attempt":1}},' +
      '{"slot":39,"columns":{"phase":"excluded","reason":"it\'s \\"so\\"","flag":true}}]]',
  );
});
