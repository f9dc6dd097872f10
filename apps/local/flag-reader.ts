// Flags of the programs here: all faults at once, each with how to mend it; nothing has started yet.
import { parseArgs } from "node:util";
import { didYouMean } from "../../shared/domain/did-you-mean.ts";
import type { FaultText } from "../../shared/domain/fault.ts";
import { UserFault } from "../../shared/domain/fault.ts";

/** `multiple`: may be given again and again; of any other flag the last one counts. */
export interface KnownFlag {
  readonly type: "string" | "boolean";
  readonly short?: string;
  readonly multiple?: true;
}

export type KnownFlags = Readonly<Record<string, KnownFlag>>;

export class FlagReader<Known extends KnownFlags> {
  readonly faults: FaultText[] = [];
  readonly #texts = new Map<string, string[]>();
  readonly #switches = new Set<string>();

  /** @param help where all flags are told, as in `npm start -- --help` */
  constructor(args: readonly string[], known: Known, help: string) {
    const { tokens } = parseArgs({
      args: [...args],
      options: known,
      strict: false,
      tokens: true,
      allowPositionals: true,
    });
    // The word behind a misspelt flag is its value, not a second fault.
    let valueOfUnknown = -1;
    for (const token of tokens) {
      if (token.kind === "positional" && token.index !== valueOfUnknown)
        this.fault(token.value, "stands alone.", `Flags begin with --; see ${help}.`);
      if (token.kind !== "option") continue;
      const flag = Object.hasOwn(known, token.name) ? known[token.name] : undefined;
      if (flag === undefined) {
        const near = didYouMean(token.name, Object.keys(known));
        this.fault(token.rawName, "is no flag.", `${near === undefined ? "" : `Did you mean --${near}? `}See ${help}.`);
        valueOfUnknown = token.index + 1;
      } else if (flag.type === "boolean") this.#switches.add(token.name);
      else if (token.value === undefined) this.fault(`--${token.name}`, "has no value.", "Give one after it.");
      else this.#texts.set(token.name, [...this.texts(token.name), token.value]);
    }
  }

  isSet(name: keyof Known & string): boolean {
    return this.#switches.has(name);
  }

  text(name: keyof Known & string): string | null {
    return this.#texts.get(name)?.at(-1) ?? null;
  }

  /** All values, in the order given. */
  texts(name: keyof Known & string): readonly string[] {
    return this.#texts.get(name) ?? [];
  }

  whole(name: keyof Known & string, usual: number, [least, most]: readonly [number, number]): number {
    const text = this.text(name);
    if (text === null) return usual;
    const number = Number(text);
    if (!/^\d{1,10}$/.test(text) || number < least || number > most) {
      const what = `"${text}" is no whole number from ${least} to ${most}.`;
      this.fault(`--${name}`, what, `Give one, as in --${name} ${Math.max(least, usual)}.`);
    }
    return number;
  }

  /** Reads a value whose own parser throws the faults. */
  parsed<T>(parse: () => T, otherwise: T): T {
    try {
      return parse();
    } catch (error) {
      if (!(error instanceof UserFault)) throw error;
      this.faults.push(...error.faults);
      return otherwise;
    }
  }

  fault(where: string, what: string, fix: string): void {
    this.faults.push({ what, fix, at: { where } });
  }

  /** @throws UserFault with all faults */
  done<T>(flags: T): T {
    if (this.faults.length > 0) throw new UserFault(this.faults);
    return flags;
  }
}
