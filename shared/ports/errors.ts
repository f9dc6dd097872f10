// Two things that a port may throw and that are no bugs. Everything else is one, and ends the handler loudly.

/** Somebody else saved first: reload, decide again, at most five times. */
export class Conflict extends Error {
  override readonly name = "Conflict";
}

/** A service cannot be reached or does not do its work now: log, return; the planner finds the work still due. */
export class Unavailable extends Error {
  override readonly name = "Unavailable";
  readonly service: string;

  constructor(service: string, options: { readonly cause: unknown }) {
    super(`${service} is not available`, options);
    this.service = service;
  }
}
