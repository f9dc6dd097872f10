// The instant printed in a notice, before which nothing binding happens. Fixed in the claim, before the mail that prints it.
import type { Instant } from "./instant.ts";
import { CLAIM_MS, CLOCK_MARGIN_MS, HTTP_CALL_MS } from "./policy.ts";
import type { Policy } from "./policy.ts";

/** Earliest deadline of a notice claimed now; the calendar moves it to the next open slot, never earlier. */
export function earliestDeadline(claimedAt: Instant, policy: Policy): Instant {
  return claimedAt + CLAIM_MS + policy.graceMs + CLOCK_MARGIN_MS;
}

export function claimExpiry(claimedAt: Instant): Instant {
  return claimedAt + CLAIM_MS;
}

/** No send starts so late that it could end after its claim: else the real grace were shorter than the promised one. */
export function maySendUnder(claimExpiresAt: Instant, now: Instant): boolean {
  return now <= claimExpiresAt - HTTP_CALL_MS;
}
