// Keeps what was logged, for a test to read.
import type { Log, LogFields } from "../ports/log.ts";

export interface LogLine {
  readonly level: "info" | "warn" | "error";
  readonly message: string;
  readonly fields: LogFields;
}

export class RecordingLog implements Log {
  readonly lines: LogLine[] = [];

  info(message: string, fields: LogFields): void {
    this.lines.push({ level: "info", message, fields });
  }

  warn(message: string, fields: LogFields): void {
    this.lines.push({ level: "warn", message, fields });
  }

  error(message: string, fields: LogFields): void {
    this.lines.push({ level: "error", message, fields });
  }
}
