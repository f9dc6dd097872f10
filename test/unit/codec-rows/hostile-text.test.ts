// Texts from people, directories and queues: each comes back unit by unit, and none becomes a key, a word or a prototype.
import { describe, expect, it } from "vitest";
import * as batch from "../../../shared/codec/batch-rows.ts";
import { formatControl, formatLedger, parseControl, parseLedger } from "../../../shared/codec/control-rows.ts";
import { formatEnrollment, parseEnrollment } from "../../../shared/codec/enrollment-columns.ts";
import * as rollout from "../../../shared/codec/rollout-rows.ts";
import { formatStepMessage, parseStepMessage } from "../../../shared/codec/step-message.ts";
import { parseColumns } from "../../../shared/codec/stored-columns.ts";
import * as user from "../../../shared/codec/user-rows.ts";
import type { Control } from "../../../shared/domain/control.ts";
import { NEW_CONTROL } from "../../../shared/domain/control.ts";
import { newLedger } from "../../../shared/domain/ledger.ts";
import type { Columns } from "../../../shared/domain/journal.ts";
import { aHeader, anEnrollment, aPolicy, notified, openClaim, T0 } from "../../support/builders.ts";
import { HOSTILE } from "./texts.ts";
import { throughTable } from "./through-table.ts";

/** Saves and loads a value. */
function reload<T>(format: (value: T) => Columns, parse: (columns: Columns) => T): (value: T) => T {
  return (value) => parse(throughTable(format(value)));
}

const BUDGET = { graphCapacity: 2_940, graphPerSecond: 19.6, mailsPerMinute: 30, mailsPerDay: 10_000 };

function controlSaying(text: string): Control {
  const stop = { wave: "*", because: text, by: text, at: T0 };
  const policy = aPolicy({ unregisteredReason: text });
  const pilot = { id: "pilot", policy, timeZone: text, helpContact: text, breakGlass: [text], stops: [stop] };
  return { ...NEW_CONTROL, rollouts: [pilot] };
}

describe.each(HOSTILE.map((text) => [JSON.stringify(text), text] as const))("the text %s comes back", (_, text) => {
  it("from a user's row", () => {
    const load = reload(formatEnrollment, parseEnrollment);
    const was = notified();
    const claim = openClaim("reminder-1", T0);
    const rows = [
      anEnrollment({ state: { phase: "excluded", was, reason: text, at: T0 } }),
      anEnrollment({ state: { phase: "held", was, reason: text, owner: text, at: T0, until: T0 } }),
      anEnrollment({ state: was, claim: claim.kind === "open" ? { ...claim, sender: text } : claim }),
    ];
    for (const row of rows) expect(load(row)).toStrictEqual(row);
  });

  it("from a batch's header and journal", () => {
    const header = aHeader({ chain: text });
    expect(reload(batch.formatHeader, batch.parseHeader)(header)).toStrictEqual(header);
    const changes = [{ slot: 0, columns: { reason: text, owner: `${text}${text}` } }];
    const names = { commitId: text, actor: text, cause: text, previousHash: text, hash: text };
    const entry = { ...names, seq: 1, at: T0, changes };
    expect(reload(batch.formatJournal, batch.parseJournal)(entry)).toStrictEqual(entry);
  });

  it("from the control row and the ledger", () => {
    const control = controlSaying(text);
    expect(reload(formatControl, parseControl)(control)).toStrictEqual(control);
    const bucket = { capacity: 30, ratePerSecond: 0.5, tokens: 30, at: T0 };
    const sender = { sender: text, minute: bucket, day: { perDay: 1, hours: [] } };
    const ledger = { ...newLedger(BUDGET, T0), senders: [sender] };
    expect(reload(formatLedger, parseLedger)(ledger)).toStrictEqual(ledger);
  });

  it("from a rollout, a gate result, a person and a dead letter", () => {
    const check = { at: T0, valid: true, because: text };
    const one = { id: "pilot", status: "active", appliedAt: T0, users: 1, soakMs: 1, breakGlassCheck: check } as const;
    const whole = { ...one, breakGlass: [text, text], senders: [text] };
    expect(reload(rollout.formatRollout, rollout.parseRollout)(whole)).toStrictEqual(whole);
    const gate = { wave: "first", gate: "pause", result: "closed", because: text, nextLook: 0, at: T0 } as const;
    expect(reload(rollout.formatGate, rollout.parseGate)(gate)).toStrictEqual(gate);
    const person = { displayName: text, userPrincipalName: text, mail: text, language: text };
    expect(reload(user.formatPerson, user.parsePerson)(person)).toStrictEqual(person);
    const letter = { rollout: null, at: T0, queue: text, messageId: text, body: text, reason: text, deliveryCount: 1 };
    expect(reload(user.formatLetter, user.parseLetter)(letter)).toStrictEqual(letter);
  });

  it("from a step message, or the message is malformed", () => {
    const address = { tenant: "contoso", rollout: "pilot", wave: "first", batch: 0, step: "notify" } as const;
    const nudge = { ...address, grant: [{ sender: text, count: 1 }] };
    const body: unknown = JSON.parse(JSON.stringify(formatStepMessage(nudge)));
    const parsed = parseStepMessage(body);
    // No mailbox has an empty name.
    if (text === "") expect(parsed.kind).toBe("malformed");
    else expect(parsed).toStrictEqual({ kind: "nudge", nudge });
    // As the name of a wave it would be part of a key: only a word that is safe there is read.
    const isId = /^[a-z0-9-]{1,40}$/.test(text);
    expect(parseStepMessage({ ...address, v: 1, wave: text }).kind).toBe(isId ? "nudge" : "malformed");
  });
});

describe("a key `__proto__` or of an object's own methods", () => {
  const POISON = '{"__proto__":{"level":9,"throttledAt":9},"constructor":{"prototype":{"level":9}},';

  it("changes nothing of what is read of the control row, and no object inherits from it", () => {
    const columns = formatControl(controlSaying("calm"));
    const hostile = { ...columns, json0: String(columns["json0"]).replace("{", POISON) };
    expect(parseControl(throughTable(hostile))).toStrictEqual(controlSaying("calm"));
    expect("level" in {}).toBe(false);
  });

  it("cannot stand in for a key that is missing", () => {
    const { level, ...rest } = NEW_CONTROL;
    const text = JSON.stringify(rest).replace("{", `{"__proto__":{"level":${level}},`);
    expect(() => parseControl({ v: 1, json0: text })).toThrow("at level");
  });

  it("is read from a row's text as a column like any other, and no object inherits from it", () => {
    const columns = parseColumns('{"__proto__":"x","constructor":"y","v":1}');
    expect(Object.entries(columns)).toEqual([
      ["__proto__", "x"],
      ["constructor", "y"],
      ["v", 1],
    ]);
    expect(Object.getPrototypeOf(columns)).toBe(Object.prototype);
  });

  it("may count failures where an object has a method of that name", () => {
    const header = aHeader({ failures: { constructor: 1, toString: 2, hasOwnProperty: 3 } });
    expect(reload(batch.formatHeader, batch.parseHeader)(header)).toStrictEqual(header);
  });
});
