// `--faults`: a mix, or names with commas, each with a rate of its own if wanted.
import { didYouMean } from "../../../shared/domain/did-you-mean.ts";
import type { FaultText } from "../../../shared/domain/fault.ts";
import { UserFault } from "../../../shared/domain/fault.ts";
import type { Fault, FaultName, FaultNameOf, FaultPart } from "./vocabulary.ts";
import { describeFault, FAULT_NAMES, faultNamesOf, faultsOf, isFaultName } from "./vocabulary.ts";

const MIXES = {
  none: [],
  /** A Graph that can hardly keep up. */
  storm: mix({
    throttle: 0.25,
    "server-error": 0.08,
    "throttle-envelope": 0.05,
    "envelope-error": 0.03,
    reset: 0.01,
    "missing-step": 0.01,
  }),
  /** Everything that nobody is to blame for, everywhere, a little. */
  chaos: mix({
    throttle: 0.05,
    "server-error": 0.03,
    "timeout-after-commit": 0.01,
    "missing-step": 0.01,
    "doubled-step": 0.01,
    "unknown-step": 0.01,
    "lost-answer": 0.01,
    "throttle-envelope": 0.01,
    "envelope-error": 0.01,
    reset: 0.01,
    "html-200": 0.01,
    "empty-page": 0.05,
    "bus-lost-acknowledgement": 0.01,
    "bus-duplicate": 0.01,
    "bus-reorder": 0.02,
    "bus-delay": 0.01,
    "bus-lost-lock": 0.01,
    "bus-detach": 0.003,
    "bus-busy": 0.01,
    "bus-cut": 0.003,
    "bus-close": 0.003,
    "table-changed": 0.005,
    "table-busy": 0.005,
    "table-lost-answer": 0.005,
    "table-outage": 0.0002,
    "instance-kill": 0.005,
    "instance-stop": 0.005,
    "instance-restart": 0.005,
    "instance-clock": 0.5,
  }),
} as const;

const MIX_NAMES: readonly string[] = Object.keys(MIXES);

/** `none`, `storm`, `chaos`, or names: `throttle=0.2,reset`. A later name wins. */
export function parseFaults(text: string, where = "--faults"): readonly Fault[] {
  const rates = new Map<FaultName, number>();
  const wrong: FaultText[] = [];
  for (const word of text.split(",").map((part) => part.trim())) {
    if (word === "") continue;
    const [name = "", rateText] = word.split("=");
    if (isMixName(name)) {
      for (const fault of MIXES[name]) rates.set(fault.name, fault.rate);
    } else if (isFaultName(name)) {
      const rate = rateText === undefined ? describeFault(name).usualRate : parseRate(rateText);
      if (rate === null) wrong.push(badRate(word, where));
      else rates.set(name, rate);
    } else {
      wrong.push(unknownName(name, where));
    }
  }
  if (wrong.length > 0) throw new UserFault(wrong);
  return [...rates].map(([name, rate]) => ({ name, rate }));
}

/** For a part that runs alone: of a mix it makes what it can, a name that another part makes is a person's mistake. */
export function parseFaultsOf<Part extends FaultPart>(
  part: Part,
  text: string,
  where = "--faults",
): readonly Fault<FaultNameOf<Part>>[] {
  const faults = parseFaults(text, where);
  const named = text.split(",").map((word) => word.trim().split("=")[0] ?? "");
  const foreign = named.filter((name) => isFaultName(name) && describeFault(name).part !== part);
  if (foreign.length === 0) return faultsOf(faults, part);
  const fix = `Give it to npm start, or one of ${faultNamesOf(part).join(", ")}.`;
  throw new UserFault(foreign.map((name) => ({ what: `"${name}" is no fault of the ${part}.`, fix, at: { where } })));
}

/** What a mix holds; nothing for a name that is none. */
export function mixOf(name: string): readonly Fault[] {
  return isMixName(name) ? MIXES[name] : [];
}

function parseRate(text: string): number | null {
  const rate = Number(text);
  return text.trim() !== "" && rate >= 0 && rate <= 1 ? rate : null;
}

function isMixName(name: string): name is keyof typeof MIXES {
  return Object.hasOwn(MIXES, name);
}

function mix(rates: Partial<Record<FaultName, number>>): readonly Fault[] {
  return Object.entries(rates).flatMap(([name, rate]) => (isFaultName(name) ? [{ name, rate }] : []));
}

function unknownName(name: string, where: string): FaultText {
  const near = didYouMean(name, [...MIX_NAMES, ...FAULT_NAMES]);
  const hint =
    near === undefined ? `Known are ${[...MIX_NAMES, ...FAULT_NAMES].join(", ")}.` : `Did you mean "${near}"?`;
  return { what: `unknown fault "${name}".`, fix: hint, at: { where } };
}

function badRate(word: string, where: string): FaultText {
  return {
    what: `the rate of "${word}" is no number from 0 to 1.`,
    fix: "Write for example throttle=0.2.",
    at: { where },
  };
}
