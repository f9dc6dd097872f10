// Faults as JSON: how a part is told which to make, by its door or by its supervisor.
import { z } from "zod";
import type { Fault, FaultNameOf, FaultPart } from "./vocabulary.ts";
import { faultsOf, isFaultOf } from "./vocabulary.ts";

const SWITCH = "faults ";

export function faultListOf<Part extends FaultPart>(part: Part): z.ZodType<Fault<FaultNameOf<Part>>[]> {
  const name = z.custom<FaultNameOf<Part>>(
    (value) => typeof value === "string" && isFaultOf(value, part),
    "unknown fault",
  );
  return z.array(z.object({ name, rate: z.number().min(0).max(1) }));
}

/** What a child is asked with, to make its share of these from now on. */
export function switchFaults(part: FaultPart, faults: readonly Fault[]): string {
  return `${SWITCH}${JSON.stringify(faultsOf(faults, part))}`;
}

/** Null: it was asked for something else. */
export function switchedFaults<Part extends FaultPart>(part: Part, what: string): Fault<FaultNameOf<Part>>[] | null {
  if (!what.startsWith(SWITCH)) return null;
  return faultListOf(part).parse(JSON.parse(what.slice(SWITCH.length)));
}
