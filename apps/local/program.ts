// The frame of every program here: a person's fault is said in sentences and ends with its code, a bug crashes loudly.
import { UserFault } from "../../shared/domain/fault.ts";
import { diskFull, isDiskFull } from "./disk-full.ts";

const EXIT_USAGE = 2;

export interface ProgramFrame {
  readonly say?: (line: string) => void;
  /** Usage, unless something has been done by then. */
  readonly faultExit?: () => number;
}

export const sayOnStderr = (line: string): void => void process.stderr.write(`${line}\n`);

/** @param main answers the exit code */
export async function runProgram(
  main: () => Promise<number>,
  { say = sayOnStderr, faultExit = () => EXIT_USAGE }: ProgramFrame = {},
): Promise<void> {
  try {
    process.exitCode = await main();
  } catch (error) {
    const fault = isDiskFull(error) ? diskFull("--data, or the folder of temporary files") : error;
    if (!(fault instanceof UserFault)) throw error;
    say(fault.message);
    process.exitCode = faultExit();
  }
}
