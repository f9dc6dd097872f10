// What a person can mend: bad input, a missing setting, a busy port. Shown as one sentence, never with a stack trace.

/** Where a fault stands. Lines, columns and rows count from 1; `where` is a file, a setting or a flag. */
export interface FaultPlace {
  readonly where: string;
  readonly line?: number;
  readonly column?: number;
}

export interface FaultText {
  readonly what: string;
  readonly fix: string;
  readonly at: FaultPlace;
}

/** One or more faults found together: all are reported at once, so that nobody mends one to meet the next. */
export class UserFault extends Error {
  override readonly name = "UserFault";
  readonly faults: readonly FaultText[];

  constructor(faults: readonly FaultText[]) {
    super(faults.map(formatFault).join("\n"));
    this.faults = faults;
  }
}

/** `rollout.yaml:12:5: unknown key "graceDay". Did you mean "graceDays"?` */
export function formatFault({ what, fix, at }: FaultText): string {
  const line = at.line === undefined ? "" : `:${at.line}`;
  const column = at.line === undefined || at.column === undefined ? "" : `:${at.column}`;
  return `${at.where}${line}${column}: ${what} ${fix}`;
}
