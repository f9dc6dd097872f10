// Rows of tables `users`, `people`, `snapshots` and `deadletters`.
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import * as rows from "../../../shared/codec/user-rows.ts";
import { formatLongText, parseLongText } from "../../../shared/codec/columns.ts";
import type { RegistrationValue } from "../../../shared/domain/registration.ts";
import { anyInstant } from "../../support/arbitraries.ts";
import { T0, USER } from "../../support/builders.ts";
import { countCases } from "./case-count.ts";
import { anyCount } from "./stored-values.ts";
import { anyId, anyText, anyTextUpTo, hasLoneSurrogate } from "./texts.ts";
import { plain, throughTable } from "./through-table.ts";

const VALUES = ["usable", "none", "unknown"] as const;

describe("rows of users, people and dead letters are read as they were written", () => {
  it("where a user is", () => {
    const seen = countCases(["first batch", "later batch"]);
    const anyPlace = fc.record({ rollout: anyId, wave: anyId, batch: anyCount, slot: fc.nat(39) });
    const property = fc.property(anyPlace, (place) => {
      seen.saw(place.batch === 0 ? "first batch" : "later batch");
      expect(rows.parsePlace(throughTable(rows.formatPlace(place)))).toStrictEqual(plain(place));
    });
    fc.assert(property, { numRuns: 300 });
    seen.expectEach(10);
  });

  it("who a user is, whatever the name", () => {
    const seen = countCases(["no mail", "a mail", "quote", "line break", "bad text", "__proto__"]);
    const anyPerson = fc.record({ displayName: anyText, userPrincipalName: anyText, mail: anyText, language: anyText });
    const property = fc.property(anyPerson, (person) => {
      const { displayName, mail } = person;
      seen.saw(mail === "" ? "no mail" : "a mail");
      seen.saw("quote", displayName.includes('"') || displayName.includes("'"));
      seen.saw("line break", displayName.includes("\n"));
      seen.saw("bad text", hasLoneSurrogate(displayName));
      seen.saw("__proto__", displayName === "__proto__");
      expect(rows.parsePerson(throughTable(rows.formatPerson(person)))).toStrictEqual(plain(person));
    });
    fc.assert(property, { numRuns: 800 });
    seen.expectEach(1);
  });

  it("a dead letter of a known rollout or of none, with a body as it came", () => {
    const seen = countCases(["known rollout", "no rollout", "empty body", "long body", "bad text"]);
    const anyLetter = fc.record({
      rollout: fc.option(anyId),
      at: anyInstant,
      queue: fc.constantFrom("mfa-enable", "mfa-notify"),
      messageId: anyText,
      body: fc.oneof(anyText, anyTextUpTo(32_000)),
      reason: anyText,
      deliveryCount: anyCount,
    });
    const property = fc.property(anyLetter, (letter) => {
      seen.saw(letter.rollout === null ? "no rollout" : "known rollout");
      seen.saw("empty body", letter.body === "");
      seen.saw("long body", letter.body.length > 1_000);
      seen.saw("bad text", hasLoneSurrogate(letter.body));
      expect(rows.parseLetter(throughTable(rows.formatLetter(letter)))).toStrictEqual(plain(letter));
    });
    fc.assert(property, { numRuns: 300 });
    seen.expectEach(5);
  });

  it("a dead letter longer than a column keeps its beginning: a letter that cannot be stored is lost", () => {
    const letter = { rollout: null, at: T0, queue: "mfa-enable", messageId: "m", deliveryCount: 10 };
    const [body, reason] = [`{"v":1}${"b".repeat(100_000)}`, "r".repeat(40_000)];
    const read = rows.parseLetter(throughTable(rows.formatLetter({ ...letter, body, reason })));
    expect(read).toEqual({ ...letter, body: body.slice(0, 32_000), reason: reason.slice(0, 32_000) });
  });
});

describe("a snapshot of registrations is read as it was written", () => {
  it("with any values, in the same order, in one column or in several", () => {
    const seen = countCases([...VALUES, "nobody", "one column", "more columns"] as const);
    const anyUsers = fc.uniqueArray(fc.tuple(fc.uuid(), fc.constantFrom(...VALUES)), {
      selector: ([userId]) => userId,
      maxLength: 20,
    });
    // A thousand users fill a column: more than a generator should make one by one.
    const crowd = fc.tuple(fc.nat(0xffff), fc.constantFrom(...VALUES)).map(([seed, value]) =>
      Array.from({ length: 1_000 }, (_, index): readonly [string, RegistrationValue] => {
        const tail = (seed * 1_000 + index).toString(16).padStart(12, "0");
        return [`00000000-0000-4000-8000-${tail}`, value];
      }),
    );
    const property = fc.property(fc.oneof({ weight: 4, arbitrary: anyUsers }, crowd), (users) => {
      const registrations = new Map(users);
      const columns = formatLongText("text", rows.formatRegistrations(registrations));
      seen.saw("nobody", users.length === 0);
      for (const value of registrations.values()) seen.saw(value);
      seen.saw("text1" in columns ? "more columns" : "one column");
      const read = rows.parseRegistrations(parseLongText("text", throughTable(columns)));
      expect([...read]).toEqual([...registrations]);
    });
    fc.assert(property, { numRuns: 200 });
    seen.expectEach(2);
  });

  it("takes 33 characters a user, which is what the size of its rows is reckoned with", () => {
    expect(rows.formatRegistrations(new Map([[USER, "usable"]]))).toBe("00000000000040008000000000000001u");
  });
});

describe("the partition of a user", () => {
  it("is one of 256 of the tenant, and always the same", () => {
    const partitions = new Set<string>();
    const property = fc.property(fc.uuid(), (userId) => {
      const partition = rows.userPartition("contoso", userId);
      expect(partition).toMatch(/^contoso_[0-9a-f]{2}$/);
      expect(rows.userPartition("contoso", userId)).toBe(partition);
      partitions.add(partition);
    });
    fc.assert(property, { numRuns: 2_000 });
    expect(partitions.size).toBeGreaterThan(200);
  });
});
