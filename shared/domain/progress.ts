// How far a wave is, as sums of its headers: what the page, the terminal and the metrics read. Nobody counts by hand.
import type { Phase } from "./enrollment.ts";
import type { Summary } from "./header.ts";
import { addPhases } from "./header.ts";
import type { WaveId } from "./names.ts";

export interface WaveProgress {
  readonly wave: WaveId;
  readonly phases: Readonly<Record<Phase, number>>;
  readonly failures: Readonly<Record<string, number>>;
  readonly notices: { readonly sent: number; readonly uncertain: number };
}

export function measureWave(wave: WaveId, headers: readonly Summary[]): WaveProgress {
  const failures: Record<string, number> = {};
  for (const header of headers) {
    for (const [reason, count] of Object.entries(header.failures)) failures[reason] = (failures[reason] ?? 0) + count;
  }
  return {
    wave,
    phases: addPhases(headers.map((header) => header.phases)),
    failures,
    notices: {
      sent: headers.reduce((sum, header) => sum + header.notices.sent, 0),
      uncertain: headers.reduce((sum, header) => sum + header.notices.uncertain, 0),
    },
  };
}

/** Users for whom something is still to happen by itself. A held user waits for a person or for the hold's end. */
export function pendingOf(phases: Readonly<Record<Phase, number>>): number {
  return phases.queued + phases.enabled + phases.notified + phases.restoring;
}

/** Everybody of the wave has been enabled and told, or has left: the soak may begin. */
export function isLaunched(phases: Readonly<Record<Phase, number>>): boolean {
  return phases.queued === 0 && phases.enabled === 0;
}

export function sameProgress(a: WaveProgress, b: WaveProgress): boolean {
  if (a.wave !== b.wave || a.notices.sent !== b.notices.sent || a.notices.uncertain !== b.notices.uncertain)
    return false;
  return sameCounts(a.phases, b.phases) && sameCounts(a.failures, b.failures);
}

function sameCounts(a: Readonly<Record<string, number>>, b: Readonly<Record<string, number>>): boolean {
  const names = new Set([...Object.keys(a), ...Object.keys(b)]);
  return [...names].every((name) => (a[name] ?? 0) === (b[name] ?? 0));
}
