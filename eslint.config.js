// What a machine can check of how the code is written. Layers between folders: .dependency-cruiser.cjs.
import js from "@eslint/js";
import { defineConfig, globalIgnores } from "eslint/config";
import tseslint from "typescript-eslint";

const CODE = ["**/*.{ts,tsx}"];
const TESTS = ["test/**/*.ts"];
const CONFIGS = ["*.config.{js,ts}", ".dependency-cruiser.cjs"];

// Time, chance, settings and the network come in through a port, so that one seed replays a run exactly. The few places where
// they may come from are the adapters, the settings file and the programs.
const PURE = ["functions/**/*.ts", "shared/**/*.ts"];
const IMPURE = ["shared/azure/**/*.ts", "shared/memory/**/*.ts", "shared/config.ts"];

const throughPorts = "time, chance, settings and the network come in through a port";
const pureGlobals = [
  ...["process", "setTimeout", "setInterval", "setImmediate", "queueMicrotask"],
  ...["fetch", "performance", "crypto", "WebSocket"],
].map((name) => ({ name, message: throughPorts }));

const pureProperties = [
  { object: "Date", property: "now", message: throughPorts },
  { object: "Math", property: "random", message: throughPorts },
  { object: "globalThis", property: "process", message: throughPorts },
  { object: "globalThis", property: "crypto", message: throughPorts },
  { object: "Promise", property: "race", message: "the order of a race is not in the seed: await ports one by one" },
  { property: "localeCompare", message: "its order depends on the machine's ICU: compare with < and >" },
];

const everywhere = [
  {
    selector: "ExportDefaultDeclaration",
    message: "a default export has no name to search for: export by name",
  },
  {
    selector:
      "AssignmentExpression > MemberExpression.left[property.name='Date'][object.name=/^(globalThis|global|window)$/]",
    message: "a patched Date breaks the SDKs' own timing: take the time from a Clock",
  },
  {
    selector: "CallExpression[callee.property.name='stubGlobal'][arguments.0.value='Date']",
    message: "a patched Date breaks the SDKs' own timing: take the time from a Clock",
  },
  {
    selector: "CallExpression[callee.object.name='vi'][callee.property.name=/^(mock|doMock|useFakeTimers)$/]",
    message: "tests use real parts and clocks that are passed in",
  },
];

const pureSyntax = [
  ...["NewExpression[callee.name='Date'][arguments.length=0]", "CallExpression[callee.name='Date']"].map(
    (selector) => ({
      selector,
      message: throughPorts,
    }),
  ),
];

const typeChecked = {
  files: CODE,
  extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
  languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
  rules: {
    "@typescript-eslint/switch-exhaustiveness-check": [
      "error",
      // A default that ends in `unreachable(value)` or hands the narrowed rest on is held to completeness by its type.
      { requireDefaultForNonUnion: true, considerDefaultExhaustiveForUnions: true },
    ],
    "@typescript-eslint/consistent-type-imports": "error",
    "@typescript-eslint/consistent-type-exports": "error",
    "@typescript-eslint/explicit-module-boundary-types": "error",
    "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
    "@typescript-eslint/no-confusing-void-expression": [
      "error",
      { ignoreArrowShorthand: true, ignoreVoidReturningFunctions: true },
    ],
    "@typescript-eslint/no-unnecessary-condition": ["error", { allowConstantLoopConditions: "only-allowed-literals" }],
    // A port's method is async although its adapter has nothing to await: what it throws must be a rejection.
    "@typescript-eslint/require-await": "off",
    // Parse instead of claiming; `as const` claims nothing and stays allowed.
    "@typescript-eslint/consistent-type-assertions": ["error", { assertionStyle: "never" }],
    "@typescript-eslint/no-non-null-assertion": "error",
    "@typescript-eslint/no-explicit-any": "error",
    "@typescript-eslint/ban-ts-comment": ["error", { minimumDescriptionLength: 10 }],
  },
};

export default defineConfig(
  globalIgnores(["dist/", "reports/", "coverage/", "node_modules/", ".cache/"]),
  { linterOptions: { reportUnusedDisableDirectives: "error" } },
  js.configs.recommended,
  {
    rules: {
      eqeqeq: ["error", "always", { null: "ignore" }],
      "no-console": "error",
      "no-restricted-syntax": ["error", ...everywhere],
      "no-empty": ["error", { allowEmptyCatch: false }],
      complexity: ["error", { max: 12, variant: "modified" }], // a switch over a union is a table and counts once
      "max-params": ["error", 4],
      "max-lines": ["error", 300],
      "max-lines-per-function": ["error", { max: 60, skipComments: true }],
    },
  },
  typeChecked,
  { files: PURE, ignores: IMPURE, rules: purityRules() },
  // The wire's own shapes: here unknown bytes and loose SDK types become ours. Tests build such bytes.
  {
    files: ["shared/codec/**/*.ts", "shared/azure/**/*.ts", ...TESTS],
    rules: { "@typescript-eslint/consistent-type-assertions": ["error", { assertionStyle: "as" }] },
  },
  { files: TESTS, rules: { "@typescript-eslint/explicit-module-boundary-types": "off" } },
  // A test spells out its given at length, and a list of cases is no branch.
  {
    files: ["test/**"],
    rules: { "max-lines-per-function": "off", complexity: "off", "max-lines": ["error", 500] },
  },
  { files: ["apps/**/*.{ts,tsx}", "scripts/**"], rules: { "no-console": "off" } },
  {
    files: ["**/*.{js,cjs,mjs}"],
    languageOptions: {
      globals: Object.fromEntries(
        ["process", "Buffer", "URL", "console", "fetch", "module", "setTimeout", "clearTimeout"].map((name) => [
          name,
          true,
        ]),
      ),
    },
  },
  { files: CONFIGS, rules: { "no-restricted-syntax": "off" } },
);

function purityRules() {
  return {
    "no-restricted-globals": ["error", ...pureGlobals],
    "no-restricted-properties": ["error", ...pureProperties],
    "no-restricted-syntax": ["error", ...everywhere, ...pureSyntax],
  };
}
