// Who may import whom: a folder a rule, in the order of docs/ARCHITECTURE.md. Each says what may be reached; all else is refused.

/** `from` may reach only what `to` names (regular expressions on paths); packages stand as node_modules/<name>/. */
function only(name, from, ...to) {
  return { name, severity: "error", from: { path: from }, to: { pathNot: to } };
}

const npm = (...names) => `node_modules/(${names.join("|")})/`;
const sdks = npm("@azure/(data-tables|service-bus|identity|core-[a-z-]+|abort-controller)", "@microsoft/");
const nodeCore =
  "^(node:)?(assert|buffer|crypto|events|fs|fs/promises|http|https|os|path|process|stream|timers|url|util)$";
const core = ["^shared/ports/", "^shared/domain/"];

module.exports = {
  forbidden: [
    only("domain-imports-only-itself", "^shared/domain/", "^shared/domain/"),
    only("ports-know-domain", "^shared/ports/", ...core),
    only("pipeline-knows-ports-and-domain", "^shared/pipeline/", "^shared/pipeline/", ...core),
    only("codec-knows-domain", "^shared/codec/", "^shared/codec/", "^shared/domain/", npm("zod", "yaml", "csv-parse")),
    only(
      "calendar-knows-ports-and-domain",
      "^shared/calendar/",
      "^shared/calendar/",
      ...core,
      npm("temporal-polyfill"),
    ),
    only(
      "notices-know-ports-and-domain",
      "^shared/notices/",
      ...["^shared/notices/", ...core, npm("liquidjs", "intl-messageformat", "@formatjs")],
    ),
    only(
      "tables-know-codec",
      "^shared/tables/",
      "^shared/tables/",
      "^shared/codec/",
      "^shared/azure/azure-tables",
      ...core,
    ),
    only("memory-knows-codec", "^shared/memory/", "^shared/memory/", "^shared/codec/", ...core),
    only(
      "azure-knows-sdks",
      "^shared/azure/",
      "^shared/azure/",
      "^shared/codec/",
      ...core,
      "@microsoft/microsoft-graph-client/",
      sdks,
      nodeCore,
    ),
    only(
      "config-knows-codec",
      "^shared/config",
      "^shared/codec/",
      "^shared/azure/(azure-tables|service-bus-step-queue)",
      ...core,
    ),
    only("compose-knows-shared", "^shared/compose", "^shared/", nodeCore),
    only(
      "functions-call-compose",
      "^functions/",
      ...["^shared/compose", "^shared/pipeline/", "^shared/codec/", ...core, npm("@azure/functions")],
    ),
    {
      name: "config-is-read-by-compose-and-programs",
      severity: "error",
      from: { path: "^(functions|shared)/", pathNot: "^shared/(compose|config)" },
      to: { path: "^shared/config" },
    },
    {
      name: "only-azure-imports-sdks",
      severity: "error",
      from: { path: "^(functions|shared)/", pathNot: "^shared/azure/" },
      to: { path: sdks },
    },
    {
      name: "apps-know-themselves-and-shared",
      severity: "error",
      from: { path: "^apps/([^/]+)/" },
      to: { path: "^(apps|functions|test|scripts)/", pathNot: "^apps/$1/" },
    },
    {
      name: "shipped-code-never-sees-apps-or-tests",
      severity: "error",
      from: { path: "^(functions|shared)/" },
      to: { path: "^(apps|test|scripts)/" },
    },
    {
      name: "shipped-code-uses-no-dev-dependency",
      severity: "error",
      from: { path: "^(functions|shared)/" },
      to: { dependencyTypes: ["npm-dev", "npm-optional", "npm-no-pkg", "npm-unknown"] },
    },
    { name: "no-cycles", severity: "error", from: {}, to: { circular: true } },
    { name: "nothing-unresolvable", severity: "error", from: {}, to: { couldNotResolve: true } },
    {
      name: "no-barrels",
      severity: "error",
      from: { path: "^(functions|shared|apps|test)/" },
      to: { path: "/index[.]tsx?$", pathNot: "node_modules" },
    },
  ],
  options: {
    tsConfig: { fileName: "tsconfig.json" },
    tsPreCompilationDeps: true, // else an `import type` is invisible
    doNotFollow: { path: "node_modules" },
    exclude: { path: "^dist/" }, // the built functions and pages that tests and programs load
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["import", "require", "node", "default", "types"],
    },
  },
};
