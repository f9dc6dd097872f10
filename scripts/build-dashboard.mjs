// Makes one self-contained page of apps/dashboard: script and style stand inside it, and its policy allows just these two by
// their hashes. So the page needs no second request, works from any route, and nothing injected into it can run.
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import * as esbuild from "esbuild";

/** @returns the text of the page. apps/dashboard/index.html is its frame: it names neither script nor style. */
export async function buildDashboard(root) {
  const folder = join(root, "apps/dashboard");
  const { outputFiles } = await esbuild.build({
    entryPoints: [join(folder, "main.ts")],
    absWorkingDir: root,
    tsconfig: join(folder, "tsconfig.json"),
    bundle: true,
    minify: true,
    platform: "browser",
    target: "es2022",
    format: "iife",
    outdir: "dist/dashboard",
    write: false,
    logLevel: "silent",
  });
  const script = textOf(outputFiles, ".js").replaceAll("</script", "<\\/script");
  const imported = textOf(outputFiles, ".css");
  const apart = join(folder, "style.css");
  // A style sheet is imported by main.ts, or stands beside it as style.css.
  const style = imported === "" && existsSync(apart) ? await minifyCss(readFileSync(apart, "utf8")) : imported;
  return assemble(readFileSync(join(folder, "index.html"), "utf8"), script, style);
}

function textOf(outputFiles, ending) {
  return outputFiles.find((file) => file.path.endsWith(ending))?.text.trim() ?? "";
}

async function minifyCss(text) {
  const { code } = await esbuild.transform(text, { loader: "css", minify: true });
  return code.trim();
}

function assemble(frame, script, style) {
  const policy = [
    "default-src 'none'",
    `script-src '${sha256(script)}'`,
    `style-src '${sha256(style)}'`,
    "connect-src 'self'",
    "img-src data:",
    "base-uri 'none'",
    "form-action 'none'",
    "require-trusted-types-for 'script'",
  ].join("; ");
  const head = `<meta http-equiv="Content-Security-Policy" content="${policy}"><style>${style}</style>`;
  return put(put(frame, "</head>", head), "</body>", `<script>${script}</script>`);
}

/** Fails where the frame has no such place; a function as replacement, since `$&` in a script would be a pattern. */
function put(page, before, what) {
  if (!page.includes(before)) throw new Error(`apps/dashboard/index.html has no ${before}`);
  return page.replace(before, () => `${what}${before}`);
}

function sha256(text) {
  return `sha256-${createHash("sha256").update(text).digest("base64")}`;
}
