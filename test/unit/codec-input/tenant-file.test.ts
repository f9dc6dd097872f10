import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FAULTS_SHOWN_MAX } from "../../../shared/codec/input/fault-list.ts";
import { parseTenantFile } from "../../../shared/codec/tenant-file.ts";
import type { TenantFile } from "../../../shared/codec/tenant-file.ts";
import { deriveGuid } from "../../../shared/domain/hash.ts";
import { UserFault } from "../../../shared/domain/fault.ts";
import type { TenantUser } from "../../../shared/domain/tenant-user.ts";
import { bytesOf, faultsOf, linesOf, placesOf } from "./faults-of.ts";

const HEADER = "userPrincipalName,displayName,mail,registration";

function read(text: string): TenantFile {
  return parseTenantFile(bytesOf(text), "t.csv");
}

function only(text: string): TenantUser {
  const { users } = read(text);
  expect(users).toHaveLength(1);
  return users[0] ?? expect.fail("no user");
}

const ANNA: TenantUser = {
  id: "3f2b8c1e-5d47-4a90-b6e1-0c9d7a54e821",
  userPrincipalName: "Anna.Berg@contoso.example",
  displayName: "Berg, Anna",
  mail: "anna@contoso.example",
  department: "IT",
  country: "Germany",
  usageLocation: "DE",
  preferredLanguage: "de-DE",
  userType: "Member",
  accountEnabled: false,
  registration: { kind: "after-notice", days: 3 },
  mfaState: "enabled",
};

describe("parseTenantFile reads", () => {
  const columns =
    "userPrincipalName,id,displayName,mail,department,country,usageLocation,preferredLanguage,userType,accountEnabled,registration,mfaState";
  const row =
    'Anna.Berg@contoso.example,3F2B8C1E-5D47-4A90-B6E1-0C9D7A54E821,"Berg, Anna",anna@contoso.example,IT,Germany,de,de-DE,member,FALSE,3,Enabled';

  it("every column of a CSV", () => {
    expect(read(`${columns}\n${row}\n`)).toEqual({ users: [ANNA], notes: [] });
  });

  it("the same from JSON, with its own types", () => {
    const json = JSON.stringify([{ ...ANNA, id: ANNA.id.toUpperCase(), registration: 3 }]);
    expect(read(json)).toEqual({ users: [ANNA], notes: [] });
    expect(read(`{"@odata.context": "x", "value": ${json}}`).users).toEqual([ANNA]);
  });

  it("what Excel saves: a byte order mark, semicolons, CRLF, UTF-16", () => {
    const text = `${columns}\r\n${row.replace('"Berg, Anna"', "B;A")}\r\n`
      .replaceAll(",", ";")
      .replace("B;A", '"Berg, Anna"');
    expect(parseTenantFile(bytesOf(`\ufeff${text}`), "t.csv").users).toEqual([ANNA]);
    const tabs = `\ufeff${text.replaceAll(";", "\t")}`;
    expect(parseTenantFile(Buffer.from(tabs, "utf16le"), "t.csv").users).toEqual([ANNA]);
    expect(parseTenantFile(Buffer.from(tabs, "utf16le").swap16(), "t.csv").users).toEqual([ANNA]);
  });

  it("an export of the Microsoft 365 admin centre", () => {
    const text = [
      "Block credential,City,Department,Display name,Object Id,Proxy addresses,Usage location,User principal name,When created",
      `True,Berlin,IT,Anna Berg,${ANNA.id},smtp:a@contoso.example+SMTP:anna@contoso.example,Germany,anna@contoso.example,2019-01-01`,
    ].join("\n");
    expect(read(text)).toEqual({
      users: [
        expect.objectContaining({
          id: ANNA.id,
          mail: "anna@contoso.example",
          accountEnabled: false,
          usageLocation: null,
        }),
      ],
      notes: [
        't.csv: not used: "City", "When created".',
        "t.csv: no column registration: how the simulated people register is made up from their names.",
      ],
    });
  });

  it("the columns in any order and case, and notes those that it does not use", () => {
    const { users, notes } = read("DEPARTEMENT,REGISTRATION,MAIL,USERPRINCIPALNAME\nx,usable,,a@b.example\n");
    expect(users).toMatchObject([{ userPrincipalName: "a@b.example", mail: null, department: null }]);
    expect(notes).toEqual(['t.csv: not used: "DEPARTEMENT" (did you mean "department"?).']);
  });

  it.each(["true", "TRUE", "1", "yes", "Ja", "WAHR", "VRAI", " VERDADERO "])("%j as an enabled account", (word) => {
    expect(only(`userPrincipalName,accountEnabled\na@b.example,${word}\n`).accountEnabled).toBe(true);
  });

  it.each(["false", "FALSCH", "FAUX", "0", "nein", "FALSO"])("%j as a disabled account", (word) => {
    expect(only(`userPrincipalName,accountEnabled\na@b.example,${word}\n`).accountEnabled).toBe(false);
  });

  it.each([
    ["usable", { kind: "usable" }],
    ["Phone-Only", { kind: "phone-only" }],
    ["NEVER", { kind: "never" }],
    ["0", { kind: "after-notice", days: 0 }],
    ["365", { kind: "after-notice", days: 365 }],
  ])("the registration %s", (word, habit) => {
    expect(only(`${HEADER}\na@b.example,,,${word}\n`).registration).toEqual(habit);
  });

  it.each(["o'brien@contoso.example", "lea_partner.example#EXT#@contoso.onmicrosoft.com", "a+b@x-y.example"])(
    "the sign-in name %s",
    (name) => {
      expect(only(`${HEADER}\n${name},,,usable\n`).userPrincipalName).toBe(name);
    },
  );

  it("the sample", () => {
    const { users, notes } = parseTenantFile(readFileSync("samples/tenant.csv"), "samples/tenant.csv");
    expect(notes).toEqual([]);
    expect(users).toHaveLength(20);
    expect(users.map(({ userPrincipalName }) => userPrincipalName)).toContain("payroll.service@contoso.example");
    const habits = new Set(users.map(({ registration }) => registration.kind));
    expect([...habits].sort()).toEqual(["after-notice", "never", "phone-only", "usable"]);
  });
});

describe("parseTenantFile fills in what the file leaves out", () => {
  it("from the sign-in name: id in any case, display name", () => {
    const { id, displayName } = only("userPrincipalName,mail\nAnna.Berg@B.example,\n");
    expect({ id, displayName }).toEqual({ id: deriveGuid("anna.berg@b.example"), displayName: "Anna.Berg" });
  });

  it("the address only where the file knows none at all, and then not for guests", () => {
    expect(read("userPrincipalName\na@b.example\ng_x.example#EXT#@b.example\n").users).toMatchObject([
      { userType: "Member", mail: "a@b.example" },
      { userType: "Guest", mail: null },
    ]);
    expect(only("userPrincipalName,mail\na@b.example,\n").mail).toBeNull();
  });

  it("people's habits, always the same ones, of every kind", () => {
    const text = `userPrincipalName\n${Array.from({ length: 300 }, (_, index) => `user${index}@b.example`).join("\n")}\n`;
    const { users } = read(text);
    expect(read(text).users).toEqual(users);
    const counts = new Map<string, number>();
    for (const { registration } of users) counts.set(registration.kind, (counts.get(registration.kind) ?? 0) + 1);
    expect([...counts.keys()].sort()).toEqual(["after-notice", "never", "phone-only", "usable"]);
    expect(Math.min(...counts.values())).toBeGreaterThan(10);
  });
});

describe("parseTenantFile says all that is wrong at once", () => {
  it("in many cells of many rows, in the order of the file", () => {
    const text = [
      "userPrincipalName;displayName;mail;accountEnabled;registration;mfaState;id;preferredLanguage;userType",
      "müller@b.example;A;Anna <a@b.example>;treu;usble;on;123;German;Memb",
      "a@b.example;B;c@d;;400;;;;;extra",
      ";C;;;;;;;",
      "A@B.example;;;;-1;;;;",
    ].join("\n");
    expect(linesOf(() => read(text))).toEqual([
      't.csv:2:1: userPrincipalName is "müller@b.example", which no account can have. Expected the sign-in name, e.g. anna.berg@contoso.example. It cannot hold accents or umlauts.',
      't.csv:2:20: mail is "Anna <a@b.example>", which is no e-mail address. Expected one address, e.g. anna.berg@contoso.example, or nothing for an account without a mailbox. Write only the address: a@b.example.',
      't.csv:2:39: accountEnabled is "treu". Expected true or false. Did you mean "true"?',
      't.csv:2:44: registration is "usble". Expected "usable", "phone-only" or "never", or whole days after the first notice from 0 to 365. Did you mean "usable"?',
      't.csv:2:50: mfaState is "on". Expected "disabled", "enabled" or "enforced".',
      't.csv:2:53: id is "123", which is no object id. Expected the object id, e.g. 3f2b8c1e-5d47-4a90-b6e1-0c9d7a54e821; leave it empty to have one derived from the name.',
      't.csv:2:57: preferredLanguage is "German", which is no language. Expected a language tag, e.g. "de" or "en-GB"; leave it empty for the default.',
      't.csv:2:64: userType is "Memb". Expected "Member" or "Guest". Did you mean "Member"?',
      't.csv:3:15: mail is "c@d", which is no e-mail address. Expected one address, e.g. anna.berg@contoso.example, or nothing for an account without a mailbox.',
      't.csv:3:20: registration is "400". Expected "usable", "phone-only" or "never", or whole days after the first notice from 0 to 365.',
      't.csv:3:28: The row has 10 cells, but there are 9 columns. Put a cell that holds a ";" in quotes, or delete the cell.',
      "t.csv:4:1: userPrincipalName is empty. Expected the sign-in name, e.g. anna.berg@contoso.example; or delete the row.",
      't.csv:5:1: "A@B.example" is the same user as "a@b.example" in line 3: upper and lower case do not differ. Expected each user once. Delete one of the two.',
      't.csv:5:16: registration is "-1". Expected "usable", "phone-only" or "never", or whole days after the first notice from 0 to 365.',
    ]);
  });

  it("in JSON, with the place of each value", () => {
    const text = `[
  {"userPrincipalName": "a@b.example", "mail": 3, "accountEnabled": "treu"},
  4,
  {"UPN": "x"},
  {"userPrincipalName": "c@b.example", "userPrincipalName": "d@b.example", "department": {}},
  {"userPrincipalName": " "}
]`;
    expect(linesOf(() => read(text))).toEqual([
      't.csv:2:48: mail is 3, a number. Expected text in quotes, e.g. "mail": "3".',
      't.csv:2:69: accountEnabled is "treu". Expected true or false. Did you mean "true"?',
      't.csv:3:3: A user is 4, a number. Expected an object, e.g. {"userPrincipalName": "anna@contoso.example"}.',
      't.csv:4:4: The column userPrincipalName is missing. Found: "UPN". Add it: each row needs the name with which the person signs in, e.g. anna.berg@contoso.example.',
      "t.csv:5:40: The column userPrincipalName stands here a second time (first at 5:4). Delete or rename one of the two.",
      "t.csv:5:90: department is an object. Expected one value.",
      "t.csv:6:25: userPrincipalName is empty. Expected the sign-in name, e.g. anna.berg@contoso.example; or delete the row.",
    ]);
  });

  it("but shows no more than a person reads, and how many there are", () => {
    const rows = Array.from({ length: FAULTS_SHOWN_MAX + 7 }, (_, index) => `bad${index}`).join("\n");
    const faults = faultsOf(() => read(`userPrincipalName\n${rows}\n`));
    expect(faults).toHaveLength(FAULTS_SHOWN_MAX + 1);
    expect(faults.at(-1)).toEqual({
      what: "and 7 more.",
      fix: "Mend these first, then run it again to see the rest.",
      at: { where: "t.csv" },
    });
  });
});

describe("parseTenantFile refuses", () => {
  it.each([
    ["an empty file", "", "t.csv:1:1: The file is empty. Expected a line with column names, and a line for each user."],
    [
      "blank lines",
      "\n \n",
      "t.csv:1:1: The file is empty. Expected a line with column names, and a line for each user.",
    ],
    ["a header alone", `${HEADER}\n`, "t.csv:1:1: The file names no user. Expected at least one user."],
    ["an empty array", "[]", "t.csv:1:1: The file names no user. Expected at least one user."],
    [
      "one object",
      '{"userPrincipalName":"a@b.example"}',
      "t.csv:1:1: The file is an object. Expected an array of users. Put [ and ] around it.",
    ],
    ["broken JSON", '[{"a":1,}]', 't.csv:1:8: There is a comma before "}". Delete the comma.'],
    [
      "a file without a header",
      "a@b.example,Anna\n",
      "t.csv:1:1: The first line is a user and not the names of the columns. Put a first line above it, e.g. userPrincipalName,displayName,mail,department.",
    ],
    [
      "a file without names",
      "displayName,mail\nA,a@b.example\n",
      't.csv:1:1: The column userPrincipalName is missing. Found: "displayName", "mail". Add it: each row needs the name with which the person signs in, e.g. anna.berg@contoso.example.',
    ],
    [
      "a misspelt name column",
      "displayName,userPrincipleName\nA,a@b.example\n",
      't.csv:1:13: The column userPrincipalName is missing. Found: "displayName", "userPrincipleName". Rename "userPrincipleName". Did you mean "userPrincipalName"?',
    ],
    [
      "a column twice",
      "userPrincipalName,mail,Mail\na@b.example,,\n",
      "t.csv:1:24: The column mail stands here a second time (first at 1:19). Delete or rename one of the two.",
    ],
    [
      "the same id twice",
      `userPrincipalName,id\na@b.example,${ANNA.id}\nb@b.example,${ANNA.id.toUpperCase()}\n`,
      `t.csv:3:13: The id "${ANNA.id.toUpperCase()}" stands in line 2 already. Expected each user once. Delete one of the two.`,
    ],
    [
      "an error of Excel",
      "userPrincipalName,department\na@b.example,#NV\n",
      "t.csv:2:13: department is #NV, an error of a formula. Correct the formula, or type the value.",
    ],
    [
      "letters lost before",
      "userPrincipalName,displayName\na@b.example,J\ufffdrg\n",
      't.csv:2:13: displayName holds U+FFFD ("J\ufffdrg"): an earlier conversion lost a letter there. Export the file again as UTF-8, or type the letter.',
    ],
    [
      "a name that would begin a new header",
      'userPrincipalName,displayName\na@b.example,"A\nBcc: x"\n',
      't.csv:2:13: displayName holds a line break or a mark that turns the writing direction: "A\\nBcc: x". Expected text on one line. Delete the break or mark.',
    ],
    [
      "a name that turns the writing direction",
      "userPrincipalName,displayName\na@b.example,A\u202eB\n",
      't.csv:2:13: displayName holds a line break or a mark that turns the writing direction: "A\\u202eB". Expected text on one line. Delete the break or mark.',
    ],
  ])("%s", (_, text, line) => {
    expect(linesOf(() => read(text))).toEqual([line]);
  });

  it("one page of several, since whoever is on the others would be missed in silence", () => {
    const text = '{"@odata.nextLink":"https://graph.microsoft.com/…","value":[{"userPrincipalName":"a@b.example"}]}';
    expect(placesOf(() => read(text))).toEqual(["1:2"]);
  });

  it.each([
    "a",
    "a@",
    "@b.example",
    "a@b",
    "a b@c.example",
    ".a@b.example",
    "a..b@c.example",
    "a@-b.example",
    "ä@b.example",
    "a@b.example;c@b.example",
    `${"x".repeat(65)}@b.example`,
  ])("%j as a sign-in name", (name) => {
    expect(placesOf(() => read(`displayName,userPrincipalName\nx,"${name}"\n`))).toEqual(["2:3"]);
  });

  it("any bytes whatever with faults of the user's, never with a bug", () => {
    const seen = { read: 0, refused: 0 };
    const line = fc.constantFrom(
      "a@b.example,x",
      "a@b.example",
      '"',
      ",,,",
      '{"a":',
      "[",
      "\ufeff",
      "b@b.example,never",
    );
    const text = fc
      .array(line, { maxLength: 4 })
      .map((lines) => bytesOf(["userPrincipalName,registration", ...lines].join("\n")));
    const lucky = fc
      .uniqueArray(fc.nat(99), { minLength: 1, maxLength: 3 })
      .map((users) => bytesOf(`userPrincipalName\n${users.map((user) => `u${user}@b.example`).join("\n")}`));
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 40 }), text, lucky), (bytes) => {
        try {
          expect(parseTenantFile(bytes, "t").users.length).toBeGreaterThan(0);
          seen.read++;
        } catch (error) {
          if (!(error instanceof UserFault)) throw error;
          expect(error.faults.length).toBeGreaterThan(0);
          seen.refused++;
        }
      }),
      { numRuns: 1_000 },
    );
    expect(Math.min(...Object.values(seen)), JSON.stringify(seen)).toBeGreaterThan(50);
  });
});
