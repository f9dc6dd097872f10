// One structured line an event, filtered as host.json says. Lines go to stderr: the supervisor collects them, and whoever
// runs the host alone can read them.
import type { Clock } from "../../../shared/ports/clock.ts";
import type { LogLevel } from "./core.ts";

const RANK: Readonly<Record<LogLevel, number>> = {
  trace: 0,
  debug: 1,
  information: 2,
  warning: 3,
  error: 4,
  critical: 5,
  none: 6,
};

export interface LogLine {
  readonly level: LogLevel;
  /** As in Azure: `Host.<part>`, `Function.<name>` (the host about it), `Function.<name>.User` (the function itself). */
  readonly category: string;
  readonly message: string;
  readonly function?: string;
  readonly invocationId?: string;
}

export type Log = (line: LogLine) => void;

export interface LogOptions {
  readonly clock: Clock;
  readonly instance: number;
  readonly levels: Readonly<Record<string, LogLevel>>;
  readonly write: (line: string) => void;
}

export function createLog({ clock, instance, levels, write }: LogOptions): Log {
  return (line) => {
    if (line.level === "none" || RANK[line.level] < RANK[levelOf(line.category, levels)]) return;
    write(`${JSON.stringify({ time: new Date(clock.now()).toISOString(), instance, ...line })}\n`);
  };
}

/** The rule with the longest matching prefix of whole dotted parts wins, then `default`, then Information. */
function levelOf(category: string, levels: Readonly<Record<string, LogLevel>>): LogLevel {
  const parts = category.split(".");
  for (let length = parts.length; length > 0; length--) {
    const level = levels[parts.slice(0, length).join(".")];
    if (level !== undefined) return level;
  }
  return levels["default"] ?? "information";
}
