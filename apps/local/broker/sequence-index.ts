// Sequence numbers in ascending order, for peeking from any number without a scan. Numbers are only ever added at the end;
// removed ones are swept out once they are the larger half.
export class SequenceIndex {
  readonly #holds: (sequence: number) => boolean;
  #numbers: number[] = [];
  #gone = 0;

  constructor(holds: (sequence: number) => boolean) {
    this.#holds = holds;
  }

  add(sequence: number): void {
    this.#numbers.push(sequence);
  }

  forget(): void {
    this.#gone++;
    if (this.#gone < 1_000 || this.#gone * 2 < this.#numbers.length) return;
    this.#numbers = this.#numbers.filter(this.#holds);
    this.#gone = 0;
  }

  *from(sequence: number): Generator<number> {
    const numbers = this.#numbers;
    for (let at = lowerBound(numbers, sequence); at < numbers.length; at++) {
      const found = numbers[at];
      if (found !== undefined) yield found;
    }
  }
}

function lowerBound(numbers: readonly number[], least: number): number {
  let low = 0;
  let high = numbers.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((numbers[middle] ?? 0) < least) low = middle + 1;
    else high = middle;
  }
  return low;
}
