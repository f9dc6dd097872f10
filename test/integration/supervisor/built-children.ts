// The entry points of children, bundled as scripts/build.mjs does but without the packages: Node 20 cannot run TypeScript.
import { mkdtempSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import * as esbuild from "esbuild";

export interface BuiltChildren {
  readonly host: string;
  readonly broker: string;
  readonly tables: string;
  readonly tenant: string;
  remove(): void;
}

const root = join(import.meta.dirname, "../../..");

/** Inside the checkout, because the bundles find their packages in its node_modules. */
export async function buildChildren(): Promise<BuiltChildren> {
  mkdirSync(join(root, ".cache"), { recursive: true });
  const outdir = mkdtempSync(join(root, ".cache/children-"));
  const local = "apps/local/supervisor";
  await esbuild.build({
    absWorkingDir: root,
    bundle: true,
    platform: "node",
    target: "node20",
    format: "esm",
    sourcemap: "inline",
    packages: "external",
    outdir,
    entryPoints: [
      { in: `${local}/host-child.ts`, out: "host" },
      { in: `${local}/broker-child.ts`, out: "broker" },
      { in: `${local}/tables-child.ts`, out: "tables" },
      { in: "test/integration/supervisor/stand-in-tenant.ts", out: "tenant" },
      { in: "test/integration/supervisor/supervisor-process.ts", out: "supervisor" },
    ],
  });
  const entry = (name: string): string => join(outdir, `${name}.js`);
  return {
    host: entry("host"),
    broker: entry("broker"),
    tables: entry("tables"),
    tenant: entry("tenant"),
    remove: () => rmSync(outdir, { recursive: true, force: true }),
  };
}
