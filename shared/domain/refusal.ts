// What a person asked for and what cannot be: one sentence and the way out, never a stack trace.
import { UserFault } from "./fault.ts";

export class Refusal extends UserFault {
  /** `not-found`: there is no such thing; `not-possible`: there is, and it is not in a state for it. */
  readonly kind: "not-found" | "not-possible";

  constructor(kind: Refusal["kind"], text: { readonly what: string; readonly fix: string; readonly where: string }) {
    const { what, fix, where } = text;
    super([{ what, fix, at: { where } }]);
    this.kind = kind;
  }
}
