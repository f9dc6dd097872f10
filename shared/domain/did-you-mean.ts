// Suggestions for misspelt words: keys of rollout.yaml, columns of a tenant file, fault names on the command line.

// Words are keys and column names; a longer word is pasted rubbish, and the distance costs length × length.
const LONGEST_WORD = 64;

/**
 * Fewest edits that turn `from` into `to`. An edit inserts, deletes or replaces one UTF-16 unit, or swaps two neighbours
 * (optimal string alignment: no unit is edited twice, so "ca" to "abc" costs 3). Swaps count once because they are the
 * commonest typing mistake, and counted as two they would fall out of the budget of a short key.
 */
export function editDistance(from: string, to: string): number {
  let beforeLast: readonly number[] = [];
  let last: readonly number[] = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let row = 1; row <= from.length; row++) {
    const current: number[] = [row];
    for (let column = 1; column <= to.length; column++) {
      const replaced = at(last, column - 1) + (from[row - 1] === to[column - 1] ? 0 : 1);
      const swapped =
        row > 1 && column > 1 && from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1]
          ? at(beforeLast, column - 2) + 1
          : Infinity;
      current.push(Math.min(replaced, at(last, column) + 1, at(current, column - 1) + 1, swapped));
    }
    beforeLast = last;
    last = current;
  }
  return at(last, to.length);
}

/**
 * The one of `known` that `word` was most likely meant to be, or nothing when none is near. Case, spaces, hyphens and
 * underscores do not count ("User Principal Name" means `userPrincipalName`). Of two equally near words the first wins,
 * so callers list the likelier first.
 */
export function didYouMean(word: string, known: readonly string[]): string | undefined {
  const bare = bareWord(word);
  if (bare.length === 0 || bare.length > LONGEST_WORD) return undefined;

  let best: string | undefined;
  let least = Infinity;
  for (const candidate of known) {
    const target = bareWord(candidate);
    // A third of the word may be wrong: more, and "mail" would be offered for "date".
    const budget = Math.max(1, Math.floor(Math.max(bare.length, target.length) / 3));
    const distance = editDistance(bare, target);
    if (distance <= budget && distance < Math.max(bare.length, target.length) && distance < least) {
      best = candidate;
      least = distance;
    }
  }
  return best;
}

function bareWord(word: string): string {
  return word.toLowerCase().replace(/[\s_-]/gu, "");
}

function at(row: readonly number[], column: number): number {
  return row[column] ?? Infinity;
}
