// Who goes in which wave: the same answer whatever the order, and exact shares.
import * as fc from "fast-check";
import { expect, it } from "vitest";
import { deriveGuid, hash32 } from "../../../shared/domain/hash.ts";
import { BATCH_SIZE, blockCount, blockOf, slice } from "../../../shared/domain/slice.ts";
import type { WavePlan } from "../../../shared/domain/waves.ts";
import { assignWaves } from "../../../shared/domain/waves.ts";

/** MurmurHash3_x86_32 over bytes, as its author published it: the second opinion. */
function murmur3(bytes: Buffer, seed: number): number {
  const rotl = (x: number, r: number): number => (x << r) | (x >>> (32 - r));
  const mix = (k: number): number => Math.imul(rotl(Math.imul(k, 0xcc9e2d51), 15), 0x1b873593);
  let h = seed | 0;
  const body = bytes.length - (bytes.length % 4);
  for (let at = 0; at < body; at += 4) h = (Math.imul(rotl(h ^ mix(bytes.readInt32LE(at)), 13), 5) + 0xe6546b64) | 0;
  let tail = 0;
  for (let at = bytes.length - 1; at >= body; at--) tail = (tail << 8) | bytes.readUInt8(at);
  h = (bytes.length > body ? h ^ mix(tail) : h) ^ bytes.length;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

it.each([
  ["", 0, 0],
  ["", 1, 0x514e28b7],
  ["", 0xffffffff, 0x81f16f39],
  ["\uffff\uffff", 0, 0x76293b50],
  ["\u4321\u8765", 0, 0xf55b516b],
  ["\u4321\u8765", 0x5082edee, 0x2362f9de],
  ["\u4321", 0, 0xa0f7b07a],
  ["\0\0", 0, 0x2362f9de],
  ["\0", 0, 0x30f4c306],
])("invariant 8: the hash of %j with seed %i is the published one", (text, seed, hash) => {
  expect(hash32(text, seed)).toBe(hash);
  expect(murmur3(Buffer.from(text, "utf16le"), seed)).toBe(hash);
});

it("invariant 8: the hash is MurmurHash3 of any text", () => {
  const anyUnits = fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 60 });
  const property = fc.property(anyUnits, fc.integer({ min: 0, max: 0xffffffff }), (units, seed) => {
    const text = String.fromCharCode(...units);
    const bytes = Buffer.alloc(units.length * 2);
    units.forEach((unit, index) => bytes.writeUInt16LE(unit, index * 2));
    expect(hash32(text, seed)).toBe(murmur3(bytes, seed));
  });
  fc.assert(property, { numRuns: 500 });
});

it("a derived GUID has the shape of version 8, and equal texts give equal ones", () => {
  const shape = /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
  const texts = Array.from({ length: 2_000 }, (_, index) => `user-${index}`);
  const guids = texts.map(deriveGuid);

  for (const guid of guids) expect(guid).toMatch(shape);
  expect(new Set(guids).size).toBe(2_000);
  expect(texts.map(deriveGuid)).toEqual(guids);
});

const DEPARTMENTS = ["Sales", "IT", null];
const people = (count: number) =>
  Array.from({ length: count }, (_, index) => ({
    userId: deriveGuid(`user-${index}`),
    userPrincipalName: `user${index}@contoso.example`,
    department: DEPARTMENTS[index % 3] ?? null,
  }));

it("invariant 8: each user is in one wave, shares are exact within one, and the order of the directory does not matter", () => {
  let cut = 0;
  const anyShares = fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 5 });
  const anyCount = fc.integer({ min: 0, max: 90 });
  const property = fc.property(
    anyShares,
    anyCount,
    fc.array(fc.nat(), { minLength: 90, maxLength: 90 }),
    (shares, count, chance) => {
      const users = people(count);
      const waves: WavePlan[] = [
        { id: "pilot", selector: { kind: "users", users: ["USER1@contoso.example", users[4]?.userId ?? "none"] } },
        { id: "it", selector: { kind: "departments", departments: [" it "] } },
        ...shares.map((percent, index) => ({ id: `w${index}`, selector: { kind: "share", percent } as const })),
      ];
      const shuffled = users
        .map((user, index) => ({ user, key: chance[index] ?? 0 }))
        .sort((a, b) => a.key - b.key)
        .map(({ user }) => user);

      const first = assignWaves("r", waves, users);

      expect([...assignWaves("r", waves, shuffled).byWave]).toEqual([...first.byWave]);
      expect([...first.byWave.values()].flat().sort()).toEqual(users.map(({ userId }) => userId).sort());
      expect(first.unassigned).toEqual([]);
      const rest = shares.reduce((sum, _, index) => sum + (first.byWave.get(`w${index}`)?.length ?? 0), 0);
      const total = shares.reduce((sum, share) => sum + share, 0);
      shares.forEach((share, index) => {
        const size = first.byWave.get(`w${index}`)?.length ?? -1;
        expect(Math.abs(size - (rest * share) / total)).toBeLessThanOrEqual(1);
        if (size > 0) cut++;
      });
    },
  );
  fc.assert(property, { numRuns: 200 });
  expect(cut).toBeGreaterThan(50);
});

it("who no wave names is left over where the spec has no shares", () => {
  const users = people(3);
  const { byWave, unassigned } = assignWaves(
    "r",
    [{ id: "it", selector: { kind: "departments", departments: ["IT"] } }],
    users,
  );

  expect(byWave.get("it")).toEqual([users[1]?.userId]);
  expect([...unassigned].sort()).toEqual([users[0]?.userId, users[2]?.userId].sort());
});

it("names many users without asking each of each", () => {
  const users = people(20_000);
  const waves: WavePlan[] = [
    { id: "all", selector: { kind: "users", users: users.map((user) => user.userPrincipalName.toUpperCase()) } },
  ];

  expect(assignWaves("r", waves, users).byWave.get("all")).toHaveLength(20_000);
}, 5_000);

it("invariant 9: slices keep every item once, in order, and none is larger than a batch", () => {
  let several = 0;
  const property = fc.property(
    fc.array(fc.nat(), { maxLength: 200 }),
    fc.integer({ min: 1, max: BATCH_SIZE }),
    (items, size) => {
      const slices = slice(items, size);
      if (slices.length > 1) several++;
      expect(slices.flat()).toEqual(items);
      expect(slices.slice(0, -1).every((part) => part.length === size)).toBe(true);
      expect(slices.every((part) => part.length > 0 && part.length <= size)).toBe(true);
    },
  );
  fc.assert(property, { numRuns: 800 });
  expect(several).toBeGreaterThan(50);
  expect([0, 499, 500, 1_000].map(blockOf)).toEqual([0, 0, 1, 2]);
  expect([0, 1, 500, 501].map(blockCount)).toEqual([0, 1, 1, 2]);
});
