// The one vocabulary of faults: names, usual rates, mixes, and the parser of `--faults`.
import { didYouMean } from "../../../shared/domain/did-you-mean.ts";
import type { FaultText } from "../../../shared/domain/fault.ts";
import { UserFault } from "../../../shared/domain/fault.ts";

/** Usual rate: of steps for the first group, of whole requests for the second. */
const USUAL_RATES = {
  /** A step is answered 429, with any form of Retry-After. */
  throttle: 0.1,
  /** A step is answered 500, 502 or 503; nothing was done. */
  "server-error": 0.03,
  /** A step, or the whole envelope, is answered 504 although it was done. */
  "timeout-after-commit": 0.01,
  /** A `$batch` answers without one of its steps, which was done or not. */
  "missing-step": 0.01,
  /** A `$batch` answers one step twice. */
  "doubled-step": 0.01,
  /** A `$batch` holds an answer for a step that nobody asked for. */
  "unknown-step": 0.01,
  /** A mail is sent, its answer lost. */
  "lost-answer": 0.01,
  /** The whole request is answered 429. */
  "throttle-envelope": 0.02,
  /** The whole request is answered 503 with a page of HTML; nothing was done. */
  "envelope-error": 0.02,
  /** The connection is reset in the middle of the body, after the work was done. */
  reset: 0.01,
  /** 200 with a page of HTML, as a proxy gives; nothing was done. */
  "html-200": 0.01,
  /** A page of a list is empty and has a next one. */
  "empty-page": 0.1,
} as const;

export type FaultName = keyof typeof USUAL_RATES;

export interface Fault {
  readonly name: FaultName;
  /** 0 to 1. */
  readonly rate: number;
}

const MIXES = {
  none: [],
  storm: mix({
    throttle: 0.25,
    "server-error": 0.08,
    "throttle-envelope": 0.05,
    "envelope-error": 0.03,
    reset: 0.01,
    "missing-step": 0.01,
  }),
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
  }),
} as const;

export const FAULT_NAMES: readonly FaultName[] = Object.keys(USUAL_RATES).filter(isFaultName);
const MIX_NAMES = Object.keys(MIXES);

/** `none`, `storm`, `chaos`, or names with commas, each with an own rate if wanted: `throttle=0.2,reset`. A later name wins. */
export function parseFaults(text: string, where = "--faults"): readonly Fault[] {
  const rates = new Map<FaultName, number>();
  const wrong: FaultText[] = [];
  for (const word of text.split(",").map((part) => part.trim())) {
    if (word === "") continue;
    const [name = "", rateText] = word.split("=");
    if (isMixName(name)) {
      for (const fault of MIXES[name]) rates.set(fault.name, fault.rate);
    } else if (isFaultName(name)) {
      const rate = rateText === undefined ? USUAL_RATES[name] : parseRate(rateText);
      if (rate === null) wrong.push(badRate(word, where));
      else rates.set(name, rate);
    } else {
      wrong.push(unknownName(name, where));
    }
  }
  if (wrong.length > 0) throw new UserFault(wrong);
  return [...rates].map(([name, rate]) => ({ name, rate }));
}

function parseRate(text: string): number | null {
  const rate = Number(text);
  return text.trim() !== "" && rate >= 0 && rate <= 1 ? rate : null;
}

export function isFaultName(name: string): name is FaultName {
  return Object.hasOwn(USUAL_RATES, name);
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
