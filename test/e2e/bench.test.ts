// The benchmark at a small scale: a quota of 120 writes and 160 users, so that it takes seconds. The figures of a busy machine say
// little; who is lost, and that the command says so, does not depend on it.
import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { z } from "zod";

const ROOT = join(import.meta.dirname, "../..");
const run = z.object({
  name: z.string(),
  users: z.number(),
  wallMs: z.number(),
  ratioToFloor: z.number().nullable(),
  usersSet: z.number(),
  missedSilently: z.number(),
  failed: z.number(),
  requests: z.number(),
  throttledShare: z.number(),
  maxRssBytes: z.number().positive(),
});
const report = z.object({
  users: z.number(),
  compress: z.number(),
  floorMs: z.number(),
  runs: z.array(run),
  missed: z.array(z.string()),
});

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function bench(...args: readonly string[]): Promise<Ended> {
  return new Promise((resolve) => {
    const program = ["dist/local/bench.js", ...args];
    const child = execFile(process.execPath, program, { cwd: ROOT }, (_, stdout, stderr) =>
      resolve({ code: child.exitCode ?? -1, stdout, stderr }),
    );
  });
}

describe("npm run bench", () => {
  it("shows that peers lose users and that the pipeline does not, by the tenant's own account", async () => {
    const charts = mkdtempSync(join(tmpdir(), "bench-charts-"));
    onTestFinished(() => rmSync(charts, { recursive: true, force: true }));
    const small = ["--users", "160", "--quota", "120", "--compress", "20", "--charts", charts, "--json"];
    const ended = await bench(...small, "--only", "batch-unread,batch-no-retry,unbounded,pipeline");
    const json: unknown = JSON.parse(ended.stdout);
    const { runs, floorMs, users, compress, missed } = report.parse(json);
    expect({ floorMs, users, compress }).toEqual({ floorMs: 2_500, users: 160, compress: 20 });
    const of = (name: string): z.infer<typeof run> => run.parse(runs.find((one) => one.name === name));

    expect(of("pipeline")).toMatchObject({ usersSet: 160, missedSilently: 0, failed: 0 });
    expect(of("batch-unread").missedSilently).toBeGreaterThan(0);
    expect(of("batch-unread").usersSet + of("batch-unread").missedSilently).toBe(160);
    expect(of("batch-no-retry")).toMatchObject({ missedSilently: 0 });
    expect(of("batch-no-retry").failed).toBeGreaterThan(0);
    expect(of("unbounded").failed).toBeGreaterThan(0);
    expect(ended.stderr).toContain("| `pipeline`");
    expect(ended.code).toBe(missed.length === 0 ? 0 : 1);
    expect(missed.filter((goal) => !ended.stderr.includes(`missed: ${goal}`))).toEqual([]);
    for (const file of ["bench-users.svg", "bench-time.svg"])
      expect(readFileSync(join(charts, file), "utf8")).toContain("</svg>");
  });

  it("refuses wrong input with 2, in words, before anything is written", async () => {
    const charts = join(tmpdir(), `bench-${String(process.pid)}`);
    const ended = await bench("--only", "pipelin", "--users", "many", "--charts", charts);
    expect(ended).toMatchObject({ code: 2, stdout: "" });
    expect(ended.stderr).toContain('Did you mean "pipeline"?');
    expect(ended.stderr).toContain('"many" is no whole number');
    expect(existsSync(charts)).toBe(false);
  });
});
