import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseSpec } from "../../../shared/codec/spec.ts";
import { UserFault } from "../../../shared/domain/fault.ts";
import { DAY_MS } from "../../../shared/domain/instant.ts";
import { RETRY } from "../../../shared/domain/policy.ts";
import { policyOf } from "../../../shared/domain/spec.ts";
import type { RolloutSpec } from "../../../shared/domain/spec.ts";
import { bytesOf, linesOf, placesOf } from "./faults-of.ts";

const SPEC = `apiVersion: mfa-rollout/v1
rollout: r1
timeZone: Europe/Berlin
waves:
  - id: all
    share: 100
    start: 2026-03-02T08:00
graceDays: 14
breakGlass: [bg1@contoso.example, bg2@contoso.example]
senders: [mfa@contoso.example]
`;

const LEAST: RolloutSpec = {
  apiVersion: "mfa-rollout/v1",
  rollout: "r1",
  timeZone: "Europe/Berlin",
  waves: [{ id: "all", selector: { kind: "share", percent: 100 }, start: "2026-03-02T08:00" }],
  graceDays: 14,
  soakDays: 3,
  leastNoticeDays: 7,
  registered: { mode: "deferred" },
  unregistered: { waitDays: 14, then: "fail", reason: "" },
  breakGlass: [
    { kind: "upn", userPrincipalName: "bg1@contoso.example" },
    { kind: "upn", userPrincipalName: "bg2@contoso.example" },
  ],
  exclusions: [],
  senders: ["mfa@contoso.example"],
};

function read(text: string): RolloutSpec {
  return parseSpec(text, "r.yaml");
}

/** The spec with one line in place of another. */
function withLine(line: string, other: string): string {
  expect(SPEC).toContain(line);
  return SPEC.replace(line, other);
}

describe("parseSpec reads", () => {
  it("the least that a spec must say, and fills in the rest", () => {
    expect(read(SPEC)).toEqual(LEAST);
    expect(parseSpec(bytesOf(`\ufeff${SPEC.replaceAll("\n", "\r\n")}`), "r.yaml")).toEqual(LEAST);
    expect(read(JSON.stringify(yamlOf(LEAST)))).toEqual(LEAST);
  });

  it("the sample, which uses each kind of wave but one", () => {
    const spec = parseSpec(readFileSync("samples/rollout.yaml"), "samples/rollout.yaml");
    expect(spec.waves).toEqual([
      { id: "pilot", selector: { kind: "departments", departments: ["IT"] }, start: "2026-03-02T08:00" },
      { id: "early", selector: { kind: "share", percent: 30 }, start: "2026-03-09T08:00" },
      { id: "everybody", selector: { kind: "share", percent: 70 }, start: "2026-03-16T08:00" },
    ]);
    expect(spec.breakGlass).toHaveLength(2);
    expect(spec.exclusions.map(({ user }) => user)).toEqual([
      { kind: "upn", userPrincipalName: "payroll.service@contoso.example" },
    ]);
    expect(spec.unregistered.then).toBe("exclude");
  });

  it("people by name or object id, in lower case", () => {
    const id = "3F2B8C1E-5D47-4A90-B6E1-0C9D7A54E821";
    const spec = read(
      withLine("    share: 100\n", `    users: [Anna@Contoso.example, ${id}]\n`).replace("bg1@contoso.example", id) +
        "exclusions:\n  - { user: Scanner@contoso.example, reason: A device }\n",
    );
    expect(spec.waves[0]?.selector).toEqual({ kind: "users", users: ["anna@contoso.example", id.toLowerCase()] });
    expect(spec.breakGlass[0]).toEqual({ kind: "id", id: id.toLowerCase() });
    expect(spec.exclusions).toEqual([
      { user: { kind: "upn", userPrincipalName: "scanner@contoso.example" }, reason: "A device" },
    ]);
  });

  it("decisions with their reasons", () => {
    const spec = read(
      `${SPEC}registered: at-once\nregisteredReason: Agreed in CHG-1\nunregistered: { then: enforce, reason: Agreed in CHG-2 }\n`,
    );
    expect(spec.registered).toEqual({ mode: "at-once", reason: "Agreed in CHG-1" });
    expect(spec.unregistered).toEqual({ waitDays: 14, then: "enforce", reason: "Agreed in CHG-2" });
  });

  it("a short grace without a second number: the least notice bends to it", () => {
    expect(read(withLine("graceDays: 14", "graceDays: 5")).leastNoticeDays).toBe(5);
  });

  it("thirds, equal starts, keys without a value and a zone in lower case", () => {
    const waves = ["33.33", "33.33", "33.34"].map(
      (share, index) => `  - { id: w${index}, share: ${share}, start: 2026-03-02T08:00:00 }`,
    );
    const text = withLine("  - id: all\n    share: 100\n    start: 2026-03-02T08:00\n", `${waves.join("\n")}\n`);
    const spec = read(`${text.replace("Europe/Berlin", "europe/berlin")}exclusions:\nsoakDays:\n`);
    expect(spec.waves.map(({ start }) => start)).toEqual(Array(3).fill("2026-03-02T08:00"));
    expect({ zone: spec.timeZone, exclusions: spec.exclusions, soak: spec.soakDays }).toEqual({
      zone: "Europe/Berlin",
      exclusions: [],
      soak: 3,
    });
  });
});

describe("policyOf", () => {
  it("turns days into milliseconds", () => {
    expect(policyOf({ ...LEAST, unregistered: { waitDays: 10, then: "exclude", reason: "why" } })).toEqual({
      graceMs: 14 * DAY_MS,
      leastNoticeMs: 7 * DAY_MS,
      unregisteredWaitMs: 10 * DAY_MS,
      unregisteredThen: "exclude",
      unregisteredReason: "why",
      registered: "deferred",
      retry: RETRY,
    });
  });
});

describe("parseSpec says all that is wrong at once", () => {
  it("in keys, values and between them, in the order of the file", () => {
    const text = `apiVersion: mfa-rollout/v2
rolout: x
rollout: Contoso 2026
timeZone: CET
graceDay: 14
graceDays: 5
leastNoticeDays: 20
registered: at-once
waves:
  - id: a
    share: 30
    start: 2026-02-30T08:00
  - id: a
    share: 60
    departments: [IT]
    start: 2026-03-02T08:00Z
  - start: 2026-03-02 08:00
    ids: q
unregistered:
  then: enforc
breakGlass: [a@b.example, A@b.example]
senders: x@y.example
__proto__: 3
`;
    expect(linesOf(() => read(text))).toEqual([
      'r.yaml:1:13: apiVersion is the text "mfa-rollout/v2". Expected "mfa-rollout/v1", e.g. apiVersion: mfa-rollout/v1.',
      'r.yaml:2:1: Unknown key "rolout". Did you mean "rollout"?',
      'r.yaml:3:10: rollout is the text "Contoso 2026". Expected 1 to 40 of a-z, 0-9 and -, e.g. rollout: contoso-2026.',
      'r.yaml:4:11: timeZone is "CET", which is no place: it keeps no summer time, or means several zones. Expected an IANA name, e.g. "Europe/Berlin", "America/New_York" or "UTC".',
      'r.yaml:5:1: Unknown key "graceDay". Did you mean "graceDays"?',
      "r.yaml:7:18: leastNoticeDays is 20, longer than graceDays (5). Expected at most 5, or a longer graceDays.",
      "r.yaml:8:13: registered: at-once binds registered users before any deadline, and no reason is given. Add registeredReason: and why this was decided, or write registered: deferred.",
      "r.yaml:12:12: start names day 30, but 2026-02 has 28 days. Expected a day from 01 to 28.",
      'r.yaml:13:9: "a" stands here a second time (first in line 10). Expected a name of its own for each wave.',
      "r.yaml:14:12: The shares of the waves add up to 90. Expected 100: they divide all whom no other wave selects.",
      "r.yaml:15:5: The wave has share and departments. Expected one of share, departments, users. Delete the others.",
      'r.yaml:16:12: start is "2026-03-02T08:00Z". Expected local time without an offset, e.g. 2026-03-02T08:00: timeZone says the zone. Delete the Z or offset.',
      "r.yaml:17:5: waves[3].id is missing. Expected 1 to 40 of a-z, 0-9 and -, e.g. id: pilot-it.",
      "r.yaml:17:5: The wave says nothing of who is in it. Expected one of share, departments, users, e.g. share: 30.",
      'r.yaml:17:12: start is "2026-03-02 08:00". Expected a T between date and time: 2026-03-02T08:00.',
      'r.yaml:18:5: Unknown key "ids" in waves[3]. Did you mean "id"?',
      'r.yaml:20:9: unregistered.then is the text "enforc". Expected "fail", "exclude", "hold" or "enforce", e.g. then: fail. Did you mean "enforce"?',
      'r.yaml:21:27: "A@b.example" stands here a second time (first in line 21). Expected at least two different accounts: one listed twice is one account.',
      'r.yaml:22:10: senders is the text "x@y.example". Expected a list of mailboxes, at least one, e.g. senders: [mfa-notice-1@contoso.example].',
      'r.yaml:23:1: Unknown key "__proto__". Expected one of: apiVersion, rollout, timeZone, waves, graceDays, soakDays, leastNoticeDays, registered, registeredReason, unregistered, breakGlass, exclusions, senders.',
    ]);
  });

  it.each([
    [
      "a number in quotes",
      withLine("graceDays: 14", 'graceDays: "14"'),
      'r.yaml:8:12: graceDays is the text "14". Expected a whole number of days from 1 to 365, e.g. graceDays: 14. Write the number without quotes or a unit.',
    ],
    [
      "half a day",
      withLine("graceDays: 14", "graceDays: 1.5"),
      "r.yaml:8:12: graceDays is 1.5. Expected a whole number of days from 1 to 365, e.g. graceDays: 14.",
    ],
    [
      "no grace",
      withLine("graceDays: 14", "graceDays: 0"),
      "r.yaml:8:12: graceDays is 0. Expected a whole number of days from 1 to 365, e.g. graceDays: 14.",
    ],
    [
      "a needed key without a value",
      withLine("graceDays: 14", "graceDays:"),
      "r.yaml:8:1: graceDays has no value. Expected a whole number of days from 1 to 365, e.g. graceDays: 14.",
    ],
    [
      "a name that is a number",
      withLine("rollout: r1", "rollout: 2026"),
      "r.yaml:2:10: rollout is 2026. Expected 1 to 40 of a-z, 0-9 and -, e.g. rollout: contoso-2026. Put it in quotes to make it text.",
    ],
    [
      "no wave",
      withLine("waves:\n  - id: all\n    share: 100\n    start: 2026-03-02T08:00\n", "waves: []\n"),
      "r.yaml:4:8: waves is an empty list. Expected a list of 1 to 99 waves, e.g. waves: [{ id: pilot, share: 100, start: 2026-03-02T08:00 }].",
    ],
    [
      "an item without a value",
      withLine("senders: [mfa@contoso.example]", "senders:\n  -\n"),
      "r.yaml:11:3: senders[1] has no value. Expected an object id or an address of a mailbox, e.g. mfa-notice-1@contoso.example.",
    ],
    [
      "one break-glass account",
      withLine("bg1@contoso.example, ", ""),
      "r.yaml:9:13: breakGlass is a list of 1. Expected a list of at least two accounts, e.g. breakGlass: [break-glass-1@contoso.example, break-glass-2@contoso.example].",
    ],
    [
      "a break-glass account that is no account",
      withLine("bg1@contoso.example", "bg1"),
      'r.yaml:9:14: breakGlass[1] is the text "bg1". Expected an object id or a sign-in name, e.g. anna.berg@contoso.example.',
    ],
    [
      "an exclusion without a reason",
      `${SPEC}exclusions:\n  - user: a@b.example\n`,
      "r.yaml:12:5: exclusions[1].reason is missing. Expected a reason in words, 3 to 500 characters, e.g. reason: Approved by the CISO in CHG-1042.",
    ],
    [
      "a user excluded twice",
      `${SPEC}exclusions:\n  - { user: a@b.example, reason: one }\n  - { user: A@b.example, reason: two }\n`,
      'r.yaml:13:13: "A@b.example" stands here a second time (first in line 12). Expected each user once. Delete one of the two.',
    ],
    [
      "a mailbox twice",
      withLine("[mfa@contoso.example]", "[mfa@contoso.example, MFA@contoso.example]"),
      'r.yaml:10:32: "MFA@contoso.example" stands here a second time (first in line 10). Expected each mailbox once: a second entry sends no faster.',
    ],
    [
      "enforcing the unregistered without a reason",
      `${SPEC}unregistered:\n  then: enforce\n`,
      "r.yaml:12:9: then: enforce binds users who have no second step, and no reason is given. Add reason: and why this was decided, beside then; or choose fail, exclude or hold.",
    ],
    [
      "a mapping in place of a list",
      withLine("breakGlass: [bg1@contoso.example, bg2@contoso.example]", "breakGlass: { a: b }"),
      "r.yaml:9:13: breakGlass is a mapping of keys. Expected a list of at least two accounts, e.g. breakGlass: [break-glass-1@contoso.example, break-glass-2@contoso.example].",
    ],
    [
      "a list in place of the whole",
      "- 1\n",
      "r.yaml:1:1: The file is a list of 1. Expected the keys of a rollout, e.g. apiVersion: mfa-rollout/v1.",
    ],
    [
      "an empty file",
      "# nothing yet\n",
      "r.yaml:1:1: The file is empty. Expected the keys of a rollout; samples/rollout.yaml is one to start from.",
    ],
    [
      "a file of the wrong kind",
      "x".repeat(4_000_001),
      "r.yaml:1:1: The file has 4000001 characters. Expected a spec of at most 4000000.",
    ],
  ])("%s", (_, text, line) => {
    expect(linesOf(() => read(text))).toEqual([line]);
  });

  it("a wave that comes before the one above it, and departments that two waves name", () => {
    const waves =
      "  - { id: a, departments: [IT, HR], start: 2026-03-09T08:00 }\n  - { id: b, departments: [it], start: 2026-03-02T08:00 }\n";
    const text = withLine("  - id: all\n    share: 100\n    start: 2026-03-02T08:00\n", waves);
    expect(linesOf(() => read(text))).toEqual([
      'r.yaml:6:28: "it" stands here a second time (first in line 5). Expected each in one wave only: the earlier one would take them.',
      "r.yaml:6:40: The wave starts at 2026-03-02T08:00, before the one above it (2026-03-09T08:00). Expected the waves in the order of their starts.",
    ]);
  });
});

describe("parseSpec refuses dates and zones that nobody has", () => {
  it.each([
    ["2026-13-01T08:00", "start names month 13. Expected a month from 01 to 12, e.g. 2026-03-02T08:00."],
    ["2026-04-31T08:00", "start names day 31, but 2026-04 has 30 days. Expected a day from 01 to 30."],
    ["2100-02-29T08:00", "start names day 29, but 2100-02 has 28 days. Expected a day from 01 to 28."],
    ["2026-03-00T08:00", "start names day 0, but 2026-03 has 31 days. Expected a day from 01 to 31."],
    ["2026-03-02T24:00", "start names the time 24:00. Expected 00:00 to 23:59."],
    ["2026-03-02T08:60", "start names the time 8:60. Expected 00:00 to 23:59."],
    ["0026-03-02T08:00", "start names the year 26. Expected a year from 2000 to 2199."],
    ["2026-03-02", 'start is "2026-03-02". Expected a time too: 2026-03-02T08:00.'],
    ["2026-03-02 08:00", 'start is "2026-03-02 08:00". Expected a T between date and time: 2026-03-02T08:00.'],
    [
      "2026-03-02T08:00+01:00",
      'start is "2026-03-02T08:00+01:00". Expected local time without an offset, e.g. 2026-03-02T08:00: timeZone says the zone. Delete the Z or offset.',
    ],
    [
      "03.04.2026 08:00",
      'start is "03.04.2026 08:00". Expected year-month-dayThour:minute, local time, e.g. 2026-03-02T08:00.',
    ],
  ])("%s", (start, message) => {
    expect(linesOf(() => read(withLine("start: 2026-03-02T08:00", `start: ${start}`)))).toEqual([
      `r.yaml:7:12: ${message}`,
    ]);
  });

  it("but takes the leap day of a leap year", () => {
    expect(read(withLine("start: 2026-03-02T08:00", "start: 2028-02-29T08:00")).waves[0]?.start).toBe(
      "2028-02-29T08:00",
    );
  });

  const IANA = 'Expected an IANA name, e.g. "Europe/Berlin", "America/New_York" or "UTC".';
  it.each([
    [
      "Europe/Berlim",
      `timeZone is "Europe/Berlim", which no time zone has as its name. ${IANA} Did you mean "Europe/Berlin"?`,
    ],
    ["Mars/Phobos", `timeZone is "Mars/Phobos", which no time zone has as its name. ${IANA}`],
    [
      "W. Europe Standard Time",
      `timeZone is "W. Europe Standard Time", a name of Windows. ${IANA} Did you mean "Europe/Berlin"?`,
    ],
    ["EST", `timeZone is "EST", which is no place: it keeps no summer time, or means several zones. ${IANA}`],
    ["Berlin", `timeZone is "Berlin". ${IANA} Did you mean "Europe/Berlin"?`],
    ['"+01:00"', `timeZone is "+01:00", an offset, which keeps no summer time. ${IANA}`],
    ["UTC+1", `timeZone is "UTC+1", an offset, which keeps no summer time. ${IANA}`],
  ])("%s", (zone, message) => {
    expect(linesOf(() => read(withLine("Europe/Berlin", zone)))).toEqual([`r.yaml:3:11: ${message}`]);
  });

  it.each(["UTC", "America/New_York", "Asia/Kolkata", "Asia/Calcutta", "Australia/Lord_Howe"])(
    "but takes %s",
    (zone) => {
      expect(read(withLine("Europe/Berlin", zone)).timeZone).toBe(zone);
    },
  );
});

describe("parseSpec refuses YAML that is broken or a bomb", () => {
  it.each([
    [
      "a key twice",
      `${SPEC}rollout: r2\n`,
      ['r.yaml:11:1: The key "rollout" stands here a second time. Delete one of the two.'],
    ],
    [
      "a tab",
      withLine("  - id", "\t- id"),
      ["r.yaml:5:1: The line is indented with a tab. Use spaces: two for each level."],
    ],
    [
      "two documents",
      `${SPEC}---\n${SPEC}`,
      ['r.yaml:11:1: A second document begins here ("---"). Expected one rollout a file. Delete the line.'],
    ],
    [
      "an open quote, where it was opened",
      withLine("rollout: r1", "rollout: 'r1"),
      ["r.yaml:2:10: This is not closed (Missing closing 'quote). Close it."],
    ],
    [
      "two colons",
      withLine("rollout: r1", "rollout: r1: x"),
      [
        "r.yaml:2:10: The line has a second colon, or the next line is indented more than it should be. Put a text with a colon in quotes; indent keys of one mapping alike.",
      ],
    ],
    [
      "an anchor and its alias",
      SPEC.replace("rollout: r1", "rollout: &name r1").replace("id: all", "id: *name"),
      [
        "r.yaml:2:16: This has an anchor (&name). Write the value out in plain words: anchors, aliases and tags are not read.",
        "r.yaml:5:9: This is an alias (*name). Write the value out in plain words: anchors, aliases and tags are not read.",
      ],
    ],
    [
      "a tag",
      withLine("rollout: r1", "rollout: !!binary aGk="),
      [
        "r.yaml:2:19: This has a tag (tag:yaml.org,2002:binary). Write the value out in plain words: anchors, aliases and tags are not read.",
      ],
    ],
    [
      "a tag that is not known",
      withLine("rollout: r1", "rollout: !mine r1"),
      [
        "r.yaml:2:16: This has a tag (!mine). Write the value out in plain words: anchors, aliases and tags are not read.",
      ],
    ],
    [
      "nesting without end",
      `a: ${"[".repeat(100_000)}`,
      ["r.yaml:1:1: The file is nested too deeply. Expected the keys of a rollout, three deep."],
    ],
  ])("%s", (_, text, lines) => {
    expect(linesOf(() => read(text))).toEqual(lines);
  });

  it("a billion laughs, at once", () => {
    const bomb = ["a: &a [x, x, x, x, x, x, x, x, x]"];
    for (const [index, name] of "bcdefghij".split("").entries()) {
      const before = "abcdefghij"[index] ?? "a";
      bomb.push(`${name}: &${name} [${Array(9).fill(`*${before}`).join(", ")}]`);
    }
    const started = process.hrtime.bigint();
    expect(placesOf(() => read(bomb.join("\n"))).length).toBeGreaterThan(10);
    expect(Number(process.hrtime.bigint() - started) / 1e6).toBeLessThan(2_000);
  });

  it("bytes that are no UTF-8", () => {
    const bytes = Buffer.from(withLine("rollout: r1", "rollout: r\xfc"), "latin1");
    expect(placesOf(() => parseSpec(bytes, "r.yaml"))).toEqual(["2:11"]);
  });

  it("any text whatever with faults of the user's, never with a bug", () => {
    const seen = { read: 0, refused: 0 };
    const lines = SPEC.split("\n");
    const noise = fc.constantFrom(
      "",
      "- ",
      "  x: 1",
      "a: [",
      "? b",
      "*c",
      "&d e",
      "{}",
      "waves: 3",
      "'",
      "<<: {}",
      "--- !t",
      "graceDays: 9",
    );
    const change = fc.tuple(fc.nat(lines.length), noise, fc.boolean());
    fc.assert(
      fc.property(fc.array(change, { maxLength: 2 }), (changes) => {
        const changed = [...lines];
        for (const [at, line, replace] of changes) changed.splice(at, replace ? 1 : 0, line);
        try {
          expect(read(changed.join("\n")).rollout).toBe("r1");
          seen.read++;
        } catch (error) {
          if (!(error instanceof UserFault)) throw error;
          expect(error.faults.every(({ at }) => (at.line ?? 0) >= 1)).toBe(true);
          seen.refused++;
        }
      }),
      { numRuns: 500 },
    );
    expect(Math.min(...Object.values(seen)), JSON.stringify(seen)).toBeGreaterThan(30);
  });
});

/** A spec as a file says it, with every default written out. */
function yamlOf(spec: RolloutSpec): unknown {
  const { registered, unregistered, ...same } = spec;
  return {
    ...same,
    waves: [{ id: "all", share: 100, start: "2026-03-02T08:00" }],
    registered: registered.mode,
    unregistered: { waitDays: unregistered.waitDays, then: unregistered.then },
    breakGlass: ["bg1@contoso.example", "bg2@contoso.example"],
  };
}
