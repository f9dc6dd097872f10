// A stored row that cannot be read is damage or a bug, never "nothing": it is refused whole, and says which column is wrong.
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Columns } from "../../../shared/domain/journal.ts";
import { countCases } from "./case-count.ts";
import { refusalOf, without } from "./refusal-of.ts";
import { sampleOf, samplesOf } from "./samples.ts";
import { kindOf, STORED_KINDS } from "./stored-kinds.ts";
import type { StoredKind } from "./stored-kinds.ts";

const ISO = /^\d{4}-\d{2}-\d{2}T/;
const KINDS = STORED_KINDS.map((stored) => [stored.kind, stored] as const);

/** Each column that the parser reads, in each sample of the kind. */
function readColumns({ kind, unread }: StoredKind) {
  return Object.values(samplesOf(kind)).flatMap((columns) =>
    Object.entries(columns)
      .filter(([column]) => !unread.includes(column))
      .map(([column, value]) => ({ columns, column, value })),
  );
}

/** @param bad values that the column cannot have */
function expectRefused(stored: StoredKind, { columns, column }: { columns: Columns; column: string }, bad: unknown[]) {
  for (const value of bad) {
    // Such a value cannot be written down as a column; it may come from a table all the same.
    const row = Object.assign({ ...columns }, { [column]: value });
    const message = refusalOf(() => stored.parse(row));
    if (stored.json.includes(column)) continue;
    expect(message).toContain(`${stored.what} cannot be read`);
    expect(message).toContain(`at ${column}`);
  }
}

describe.each(KINDS)("a stored row of kind %s", (kind, stored) => {
  it("is read as it is: what is refused below is refused for what was done to it", () => {
    for (const columns of Object.values(samplesOf(kind))) expect(() => stored.parse(columns)).not.toThrow();
  });

  it("is refused without a column that it needs, by that column's name", () => {
    for (const columns of Object.values(samplesOf(kind))) {
      for (const column of stored.needs) {
        expect(Object.keys(columns)).toContain(column);
        const message = refusalOf(() => stored.parse(without(columns, column)));
        expect(message).toContain(`${stored.what} cannot be read`);
        expect(message).toContain(`at ${column}`);
      }
      for (const column of stored.json.filter((name) => name in columns)) {
        refusalOf(() => stored.parse(without(columns, column)));
      }
    }
  });

  it("is refused with a column of another type", () => {
    const met = readColumns(stored).map((place) => {
      const others = [[], {}, null, 7, "7", true, "true"].filter((other) => typeof other !== typeof place.value);
      expectRefused(stored, place, others);
      return place.column;
    });
    expect(met).not.toEqual([]);
  });
});

describe("a stored row is refused with a value that its column cannot have", () => {
  type Place = ReturnType<typeof readColumns>[number];
  /** The kinds that have such columns, with the columns: a kind without any would pass unseen. */
  const having = (isSuch: (place: Place, stored: StoredKind) => boolean) =>
    STORED_KINDS.map((stored) => {
      const places = readColumns(stored).filter((place) => isSuch(place, stored));
      return [stored.kind, { stored, places }] as const;
    }).filter(([, { places }]) => places.length > 0);

  const numbers = having(({ value }) => typeof value === "number");
  const times = having(({ value }) => typeof value === "string" && ISO.test(value));
  const json = having(({ column }, stored) => stored.json.includes(column));

  it("in each kind that has such columns", () => {
    const withNumbers = ["enrollment", "header", "journal", "control", "ledger"].concat([
      "rollout",
      "wave",
      "gate",
      "place",
      "person",
      "letter",
    ]);
    expect(numbers.map(([kind]) => kind)).toEqual(withNumbers);
    expect(times.map(([kind]) => kind)).toEqual([
      ...["enrollment", "header", "journal", "rollout", "wave", "gate", "letter"],
    ]);
    expect(json.map(([kind]) => kind)).toEqual([
      ...["enrollment", "header", "journal", "control", "ledger", "rollout", "progress"],
    ]);
  });

  it.each(numbers)("a number that is out of range: %s", (_, { stored, places }) => {
    for (const place of places) expectRefused(stored, place, [-1, 0.5, Number.NaN, Infinity, 2 ** 53]);
  });

  it.each(times)("a time that is none, or is not written to the millisecond in UTC: %s", (_, { stored, places }) => {
    for (const place of places) {
      expectRefused(stored, place, [
        ...["yesterday", "2026-03-02", "2026-03-02T08:00:00Z", "2026-03-02T08:00:00.000+01:00"],
        ...["2026-02-30T08:00:00.000Z", "2026-03-02T24:00:00.000Z", "1772438400000", "0", " "],
        ...["2026-03-02T08:00:00.000Z\n", "+010000-01-01T00:00:00.000Z"],
      ]);
    }
  });

  it.each(json)("JSON that does not parse, or is something else: %s", (_, { stored, places }) => {
    for (const place of places) {
      expectRefused(stored, place, ["", "{", "nothing", "NaN", "{'a':1}", "null", "7", '"text"', "true", "[[]]"]);
    }
  });
});

describe("a row of a version that this build does not know", () => {
  const versioned = STORED_KINDS.filter(({ needs }) => needs.includes("v"));

  it.each(versioned.map((stored) => [stored.kind, stored] as const))("is refused: %s", (kind, stored) => {
    for (const columns of Object.values(samplesOf(kind))) {
      expectRefused(stored, { columns, column: "v" }, [2, 0, -1, 1.5, "1", true, null]);
    }
  });
});

describe("a word that is none of the known ones is refused", () => {
  it.each([
    ["enrollment", "queued", "phase"],
    ["enrollment", "queued", "written"],
    ["enrollment", "queued", "registration"],
    ["enrollment", "enabled", "prior"],
    ["enrollment", "enabled", "notice"],
    ["enrollment", "enabled", "claimNotice"],
    ["enrollment", "enforced", "how"],
    ["enrollment", "held", "was"],
    ["enrollment", "queued", "userId"],
    ["rollout", "active", "status"],
    ["wave", "open", "status"],
    ["gate", "open", "gate"],
    ["gate", "open", "result"],
  ])("%s that is %s: %s", (kind, name, column) => {
    const words = ["", "__proto__", "constructor", "toString", "Queued", "queued ", "disabled\n", "follow-up-", "0"];
    expectRefused(kindOf(kind), { columns: sampleOf(kind, name), column }, words);
  });

  it("a wrapper never holds another wrapper, nor nothing", () => {
    const { parse } = kindOf("enrollment");
    for (const name of ["failed", "excluded", "held", "restoring"]) {
      const columns = sampleOf("enrollment", name);
      for (const was of ["failed", "excluded", "held", "restoring", "restored"]) {
        expect(refusalOf(() => parse({ ...columns, was }))).toContain("at was");
      }
      expect(refusalOf(() => parse(without(columns, "was")))).toContain(`an enrollment row (${name}) has no was`);
    }
  });

  it("a failure has one of the known reasons", () => {
    const { parse } = kindOf("enrollment");
    const columns = sampleOf("enrollment", "failed");
    for (const row of [
      { ...columns, reason: "bored" },
      { ...columns, reason: "" },
    ])
      expect(refusalOf(() => parse(row))).toContain("a failure's reason cannot be read");
    expect(refusalOf(() => parse(without(columns, "reason")))).toContain("an enrollment row (failed) has no reason");
  });
});

describe("what is wrong inside of a row's JSON is refused, and named", () => {
  /** Kind, sample, column, the text that is replaced once, its replacement, and what the refusal says. */
  const CASES: readonly (readonly [string, string, string, readonly [string, string], string])[] = [
    ["enrollment", "notified", "notices", ['"sent"', '"read"'], "an enrollment's notices"],
    ["enrollment", "notified", "notices", ['"first-notice"', '"last-notice"'], "an enrollment's notices"],
    ["enrollment", "notified", "notices", [',"2026-03-10T09:00:00.000Z"', ""], "an enrollment's notices"],
    ["enrollment", "notified", "notices", ["2026-03-02T", "2026-02-30T"], "an enrollment's notices"],
    ["header", "just applied", "phases", ['"queued"', '"gone"'], "a header's phases"],
    ["header", "just applied", "phases", ['"queued"', '"constructor"'], "a header's phases"],
    ["header", "just applied", "phases", ["40", "-1"], "a header's phases"],
    ["header", "just applied", "phases", ["40", '"40"'], "a header's phases"],
    ["header", "just applied", "due", ['"restore"', '"delete"'], "at restore"],
    ["header", "just applied", "due", ['"count":40', '"count":0.5'], "at enable.count"],
    ["header", "just applied", "due", ["1970-01-01T00:00:00.000Z", ""], "at enable.at"],
    ["header", "in the middle of a rollout", "failures", [":1", ":-1"], "a header's failures"],
    ["journal", "in two columns", "changes0", ['"slot":3', '"slot":-3'], "at [0].slot"],
    ["journal", "in two columns", "changes0", ['"attempt":1', '"attempt":null'], "at [0].columns.attempt"],
    ["journal", "in two columns", "changes1", ['"columns"', '"column"'], "at [1].columns"],
    ["control", "with a stop", "json0", ['"mail":0', '"mail":-1'], "at notBefore.mail"],
    ["control", "with a stop", "json0", ['"mail":0,', ""], "at notBefore.mail"],
    ["control", "with a stop", "json0", ['"level":1', '"level":1.5'], "at level"],
    ["control", "with a stop", "json0", ['"pilot"', '"Pilot_1"'], "at rollouts[0].id"],
    ["control", "with a stop", "json0", ['"exclude"', '"delete"'], "at rollouts[0].policy.unregisteredThen"],
    ["control", "with a stop", "json0", ['"graceMs":604800000,', ""], "at rollouts[0].policy.graceMs"],
    ["control", "with a stop", "json1", ['"*"', '"**"'], "at rollouts[0].stops[0].wave"],
    ["control", "with a stop", "json1", ['"stops"', '"halts"'], "at rollouts[0].stops"],
    ["ledger", "with two releases", "json0", ["-12.5", "null"], "at graph.tokens"],
    ["ledger", "with two releases", "json0", ['"step":"notify"', '"step":"nap"'], "at entries[0].step"],
    ["ledger", "with two releases", "json0", ['"seq":12', '"seq":-12'], "at entries[0].seq"],
    ["ledger", "with two releases", "json0", ['"releases":513', '"releases":9e99'], "at releases"],
    ["ledger", "with two releases", "json0", [',"grant":[]', ""], "at entries[1].grant"],
    ["rollout", "active", "breakGlass", ['"00000000-0000-4000-8000-000000000091"', "91"], "break-glass accounts"],
    ["rollout", "active", "senders", ['"mfa@contoso.example"', "null"], "a rollout's senders"],
    ["rollout", "active", "soakMs", ["31536000000", "-1"], "at soakMs"],
    ["rollout", "active", "soakMs", ["31536000000", "1.5"], "at soakMs"],
    ["rollout", "active", "soakMs", ["31536000000", "a year"], "at soakMs"],
    ["progress", "of a wave", "json", ['"restored":7', '"gone":7'], "at phases"],
    ["progress", "of a wave", "json", [',"restored":7', ""], "at phases.restored"],
    ["progress", "of a wave", "json", ['"sent":36', '"sent":-36'], "at notices.sent"],
  ];

  it.for(CASES)("%s, %s, %s: %s", ([kind, name, column, [from, to], says]) => {
    const columns = sampleOf(kind, name);
    const text = String(columns[column]);
    expect(text).toContain(from);
    const message = refusalOf(() => kindOf(kind).parse({ ...columns, [column]: text.replace(from, to) }));
    expect(message).toContain("cannot be read");
    expect(message).toContain(says);
  });

  it("a text that was cut anywhere is refused: half a control row would lift the stops of the other half", () => {
    const seen = countCases(["control", "ledger", "journal", "progress", "header"]);
    const places = [
      ["control", "with a stop", "json1"],
      ["ledger", "with two releases", "json0"],
      ["journal", "in two columns", "changes1"],
      ["progress", "of a wave", "json"],
      ["header", "in the middle of a rollout", "due"],
    ] as const;
    const property = fc.property(fc.constantFrom(...places), fc.nat(9_999), ([kind, name, column], share) => {
      const columns = sampleOf(kind, name);
      const text = String(columns[column]);
      const cut = text.slice(0, Math.floor((share / 10_000) * text.length));
      seen.saw(kind);
      refusalOf(() => kindOf(kind).parse({ ...columns, [column]: cut }));
    });
    fc.assert(property, { numRuns: 500 });
    seen.expectEach(40);
  });
});
