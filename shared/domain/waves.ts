// Who goes in which wave. The same inputs give the same waves (invariant 8): explicit selectors first, then the rest sorted by a
// hash of our own and cut at the spec's shares.
import { hash32 } from "./hash.ts";
import type { RolloutId, UserId, WaveId } from "./names.ts";

export interface Candidate {
  readonly userId: UserId;
  readonly userPrincipalName: string;
  readonly department: string | null;
}

export type WaveSelector =
  | { readonly kind: "share"; readonly percent: number }
  | { readonly kind: "departments"; readonly departments: readonly string[] }
  /** Object ids or user principal names, any case. */
  | { readonly kind: "users"; readonly users: readonly string[] };

export interface WavePlan {
  readonly id: WaveId;
  readonly selector: WaveSelector;
}

export interface Assignment {
  readonly byWave: ReadonlyMap<WaveId, readonly UserId[]>;
  /** In no wave: no selector names them and the spec has no shares. */
  readonly unassigned: readonly UserId[];
}

export function assignWaves(
  rollout: RolloutId,
  waves: readonly WavePlan[],
  candidates: readonly Candidate[],
): Assignment {
  const byWave = new Map<WaveId, UserId[]>(waves.map((wave) => [wave.id, []]));
  const rest: UserId[] = [];
  const named = waves.map(({ id, selector }) => ({ id, selector, names: namesOf(selector) }));
  for (const candidate of candidates) {
    const wave = named.find(({ selector, names }) => selects(selector, names, candidate));
    (wave === undefined ? rest : (byWave.get(wave.id) ?? rest)).push(candidate.userId);
  }
  for (const [wave, users] of byWave) byWave.set(wave, sortByHash(rollout, users));
  const sorted = sortByHash(rollout, rest);
  const unassigned = cutByShares(sorted, waves, byWave);
  return { byWave, unassigned };
}

/** Looked up, not searched: a list of ten thousand names must not be read once for each user. */
function namesOf(selector: WaveSelector): ReadonlySet<string> {
  switch (selector.kind) {
    case "share":
      return new Set();
    case "departments":
      return new Set(selector.departments.map(plain));
    case "users":
      return new Set(selector.users.map(plain));
  }
}

function selects(
  { kind }: WaveSelector,
  names: ReadonlySet<string>,
  { userId, userPrincipalName, department }: Candidate,
): boolean {
  switch (kind) {
    case "share":
      return false;
    case "departments":
      return department !== null && names.has(plain(department));
    case "users":
      return names.has(plain(userId)) || names.has(plain(userPrincipalName));
  }
}

function plain(text: string): string {
  return text.trim().toLowerCase();
}

/** By hash, then by id where two hashes meet: a total order, whatever order the directory answered in. */
function sortByHash(rollout: RolloutId, users: readonly UserId[]): UserId[] {
  const keyed = users.map((userId) => ({ userId, hash: hash32(`${rollout}/${userId}`, 0) }));
  keyed.sort((a, b) => a.hash - b.hash || (a.userId < b.userId ? -1 : a.userId > b.userId ? 1 : 0));
  return keyed.map(({ userId }) => userId);
}

function cutByShares(
  sorted: readonly UserId[],
  waves: readonly WavePlan[],
  byWave: Map<WaveId, UserId[]>,
): readonly UserId[] {
  const shares = waves.flatMap(({ id, selector }) =>
    selector.kind === "share" ? [{ id, percent: selector.percent }] : [],
  );
  if (shares.length === 0) return sorted;
  const total = shares.reduce((sum, share) => sum + share.percent, 0);
  let percent = 0;
  let start = 0;
  for (const share of shares) {
    percent += share.percent;
    const end = Math.round((sorted.length * percent) / total);
    byWave.set(share.id, sorted.slice(start, end));
    start = end;
  }
  return [];
}
