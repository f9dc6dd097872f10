// One line a batch: ids and counts, never names or addresses.
export type LogFields = Readonly<Record<string, string | number | boolean>>;

export interface Log {
  info(message: string, fields: LogFields): void;
  warn(message: string, fields: LogFields): void;
  error(message: string, fields: LogFields): void;
}
