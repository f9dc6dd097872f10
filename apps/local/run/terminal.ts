// People's text goes to stderr: stdout holds the summary and nothing else.

export interface Terminal {
  /** The status line replaces itself; else each is a line of its own. */
  readonly isLive: boolean;
  readonly say: (line: string) => void;
  readonly status: (line: string) => void;
  /** Leaves the last status standing. */
  readonly end: () => void;
}

interface Screen {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

const CLEAR_LINE = "\r\u001b[2K";

export function openTerminal(screen: Screen): Terminal {
  const isLive = screen.isTTY === true;
  let line = "";
  const clear = (): void => {
    if (line !== "") screen.write(CLEAR_LINE);
  };
  return {
    isLive,
    say: (text) => {
      clear();
      screen.write(`${text}\n`);
      // A line as wide as the screen would wrap, and only its last part be cleared.
      if (line !== "") screen.write(line);
    },
    status: (text) => {
      if (!isLive) {
        screen.write(`${text}\n`);
        return;
      }
      clear();
      line = text.slice(0, Math.max(20, (screen.columns ?? 80) - 1));
      screen.write(line);
    },
    end: () => {
      if (line !== "") screen.write("\n");
      line = "";
    },
  };
}
