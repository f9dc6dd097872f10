// People's text goes to stderr: stdout holds the summary and nothing else. On a terminal the status is one line that replaces itself
// and never wraps; elsewhere it is lines that tell what has changed, without control codes.

export interface Terminal {
  /** The status line replaces itself; else each is a line of its own. */
  readonly isLive: boolean;
  readonly say: (line: string) => void;
  /** `head  part · part, more of it · part`, the most important first: what does not fit is left out from the end. */
  readonly status: (text: string) => void;
  /** Leaves the last status standing. */
  readonly end: () => void;
}

interface Screen {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

/** Between the parts of a status, and between the items of a part. */
export const PART = " · ";
export const ITEM = ", ";
/** Between the instant and what holds since then. */
const HEAD = "  ";

const CLEAR_LINE = "\r\u001b[2K";
const COLUMNS = 80;
const MORE = " …";
const INDENT = "  ";

export function openTerminal(screen: Screen): Terminal {
  const isLive = screen.isTTY === true;
  const isNew = whatIsNew();
  let status = "";
  let shown = "";
  const show = (): void => {
    // A line as wide as the screen would wrap, and only its last row be cleared.
    shown = fitLine(status, widthOf(screen) - 1);
    screen.write(shown);
  };
  const clear = (): void => {
    if (shown !== "") screen.write(CLEAR_LINE);
  };
  return {
    isLive,
    say: (text) => {
      clear();
      screen.write(`${text}\n`);
      if (status !== "") show();
    },
    status: (text) => {
      if (!isLive) {
        for (const line of foldLine(isNew(text), COLUMNS)) screen.write(`${line}\n`);
        return;
      }
      clear();
      status = text;
      show();
    },
    end: () => {
      if (shown !== "") screen.write("\n");
      status = "";
      shown = "";
    },
  };
}

/** Where nobody knows, some terminals say 0. */
function widthOf({ columns = 0 }: Screen): number {
  return columns > 0 ? columns : COLUMNS;
}

/** Head and first part of each status, and those other parts that the last one did not have: a log tells what has changed. */
function whatIsNew(): (text: string) => string {
  let last: ReadonlySet<string> = new Set();
  return (text) => {
    const [first = "", ...others] = text.split(PART);
    const changed = others.filter((part) => !last.has(part));
    last = new Set(others);
    return [first, ...changed].join(PART);
  };
}

/** As much of the line as fits, cut between two parts or items only; without its head where not even the first part fits with it. */
export function fitLine(text: string, width: number): string {
  if (text.length <= width) return text;
  const ends = [...text.matchAll(/ · |, /g)].map(({ index }) => index).filter((end) => end + MORE.length <= width);
  const end = ends.at(-1);
  if (end !== undefined) return text.slice(0, end) + MORE;
  const head = text.indexOf(HEAD);
  return head === -1 ? "" : fitLine(text.slice(head + HEAD.length), width);
}

/** The same text on lines of at most `width`, cut between two parts or items only; an item that is wider has a line of its own. */
export function foldLine(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const item of text.split(/(?<= · |, )/)) {
    if (line !== "" && (line + item).trimEnd().replace(/ ·$/, "").length > width) {
      lines.push(line);
      line = INDENT;
    }
    line += item;
  }
  return [...lines, line].map((one) => one.replace(/ (· )?$/, ""));
}
