// Every kind of stored row with its parser and what its parser asks of the columns.
import { parseHeader, parseJournal } from "../../../shared/codec/batch-rows.ts";
import { parseControl, parseLedger } from "../../../shared/codec/control-rows.ts";
import { parseEnrollment } from "../../../shared/codec/enrollment-columns.ts";
import { parseGate, parseProgress, parseRollout, parseWave } from "../../../shared/codec/rollout-rows.ts";
import { parseLetter, parsePerson, parsePlace } from "../../../shared/codec/user-rows.ts";
import type { Columns } from "../../../shared/domain/journal.ts";

export interface StoredKind {
  /** As in samples-v1.json. */
  readonly kind: string;
  /** As the refusal names the row. */
  readonly what: string;
  readonly parse: (columns: Columns) => unknown;
  /** Without one of these the row is refused by the column's name. */
  readonly needs: readonly string[];
  /** Columns whose text is JSON, whole or in pieces. */
  readonly json: readonly string[];
  /** Columns for whoever looks at the table: the parser reads the same in `json`, or does not need it. */
  readonly unread: readonly string[];
}

const NONE: readonly string[] = [];

export const STORED_KINDS: readonly StoredKind[] = [
  {
    kind: "enrollment",
    what: "an enrollment row",
    parse: parseEnrollment,
    needs: ["v", "userId", "phase", "written", "attempt", "reverts", "registration", "notices"],
    json: ["notices"],
    unread: NONE,
  },
  {
    kind: "header",
    what: "a batch header",
    parse: parseHeader,
    needs: ["v", "seq", "writes", "chain", "phases", "due", "failures", "sent", "uncertain"],
    json: ["phases", "due", "failures"],
    unread: NONE,
  },
  {
    kind: "journal",
    what: "a journal entry",
    parse: parseJournal,
    needs: ["v", "seq", "commitId", "at", "actor", "cause", "previousHash", "hash"],
    json: ["changes0", "changes1"],
    unread: NONE,
  },
  {
    kind: "control",
    what: "the control row",
    parse: parseControl,
    needs: ["v"],
    json: ["json0", "json1"],
    unread: ["level"],
  },
  { kind: "ledger", what: "the ledger", parse: parseLedger, needs: ["v"], json: ["json0"], unread: NONE },
  {
    kind: "rollout",
    what: "a rollout",
    parse: parseRollout,
    needs: [
      ...["v", "id", "status", "users", "soakMs", "breakGlass", "senders"],
      ...["breakGlassValid", "breakGlassBecause"],
    ],
    json: ["breakGlass", "senders"],
    unread: NONE,
  },
  {
    kind: "wave",
    what: "a wave",
    parse: parseWave,
    needs: ["v", "id", "index", "status", "users", "batches"],
    json: NONE,
    unread: NONE,
  },
  {
    kind: "gate",
    what: "a gate result",
    parse: parseGate,
    needs: ["v", "wave", "gate", "result", "because", "at"],
    json: NONE,
    unread: NONE,
  },
  {
    kind: "progress",
    what: "a wave's progress",
    parse: parseProgress,
    needs: NONE,
    json: ["json"],
    unread: ["v", "at"],
  },
  {
    kind: "place",
    what: "a user's place",
    parse: parsePlace,
    needs: ["v", "rollout", "wave", "batch", "slot"],
    json: NONE,
    unread: NONE,
  },
  {
    kind: "person",
    what: "a person",
    parse: parsePerson,
    needs: ["v", "displayName", "userPrincipalName", "mail", "language"],
    json: NONE,
    unread: NONE,
  },
  {
    kind: "letter",
    what: "a dead letter",
    parse: parseLetter,
    needs: ["v", "rollout", "at", "queue", "messageId", "body", "reason", "deliveryCount"],
    json: NONE,
    unread: NONE,
  },
];

export function kindOf(kind: string): StoredKind {
  const found = STORED_KINDS.find((one) => one.kind === kind);
  if (found === undefined) throw new Error(`no stored kind ${kind}`);
  return found;
}
