// What zod found wrong with a spec → sentences for the person who wrote it: what stands there, what was expected, an example.
import * as z from "zod";
import { didYouMean } from "../../domain/did-you-mean.ts";
import { shown, suggestion } from "./fault-list.ts";
import type { FaultList } from "./fault-list.ts";
import { FIELDS, keysIn } from "./spec-schema.ts";
import type { Explanation, Field } from "./spec-schema.ts";
import type { Path, YamlData } from "./yaml-data.ts";

export function addShapeFaults(issues: readonly z.core.$ZodIssue[], data: YamlData, faults: FaultList): void {
  for (const issue of issues) {
    if (data.isSpoiled(issue.path)) continue;
    if (issue.code === "unrecognized_keys") {
      for (const key of issue.keys) addUnknownKey(key, issue.path, data, faults);
      continue;
    }
    const { what, fix } = explain(issue, data);
    faults.add(data.placeOf(issue.path), what, fix);
  }
}

function addUnknownKey(key: string, path: Path, data: YamlData, faults: FaultList): void {
  const known = keysIn(patternOf(path));
  const meant = didYouMean(key, known);
  const within = path.length === 0 ? "" : ` in ${nameOf(path)}`;
  const fix = meant === undefined ? `Expected one of: ${known.join(", ")}.` : `Did you mean "${meant}"?`;
  faults.add(data.placeOfKey([...path, key]), `Unknown key ${shown(key)}${within}.`, fix);
}

function explain(issue: z.core.$ZodIssue, data: YamlData): Explanation {
  const params =
    issue.code === "custom" ? z.object({ what: z.string(), fix: z.string() }).safeParse(issue.params) : undefined;
  if (params?.success === true) return params.data;

  const field = FIELDS[patternOf(issue.path)] ?? { expected: "something else", example: "" };
  const name = nameOf(issue.path);
  const value = valueAt(data.value, issue.path);
  if (value === undefined || value === null) {
    const what = data.isBlank(issue.path) || value === null ? `${name} has no value.` : `${name} is missing.`;
    return { what, fix: fixOf(field, issue.path, "") };
  }
  return { what: `${name} is ${described(value)}.`, fix: fixOf(field, issue.path, hintOf(value, issue, field)) };
}

function fixOf(field: Field, path: Path, hint: string): string {
  const key = path.findLast((part) => typeof part === "string");
  const isInList = typeof path.at(-1) === "number";
  const example = isInList || key === undefined ? field.example : `${key}: ${field.example}`;
  return `Expected ${field.expected}, e.g. ${example}${hint === "" ? "." : `.${hint}`}`;
}

function hintOf(value: unknown, issue: z.core.$ZodIssue, field: Field): string {
  if (typeof value === "string") {
    if (issue.code === "invalid_type" && issue.expected === "number")
      return " Write the number without quotes or a unit.";
    return suggestion(didYouMean(value, field.words ?? []));
  }
  if (issue.code === "invalid_type" && issue.expected === "string") return " Put it in quotes to make it text.";
  return "";
}

function described(value: object | string | number | boolean): string {
  if (Array.isArray(value)) return value.length === 0 ? "an empty list" : `a list of ${value.length}`;
  if (typeof value === "object") return "a mapping of keys";
  return typeof value === "string" ? `the text ${shown(value)}` : shown(value);
}

function valueAt(value: unknown, path: Path): object | string | number | boolean | null | undefined {
  let inner = value;
  for (const part of path) {
    if (typeof inner !== "object" || inner === null) return undefined;
    inner = (inner as Record<PropertyKey, unknown>)[part]; // a list or a mapping: both are read by key
  }
  return inner as ReturnType<typeof valueAt>; // plain data of a YAML file
}

/** `waves[1].start`, counted from 1 as people do: the second is `waves[2]`. */
function nameOf(path: Path): string {
  if (path.length === 0) return "The file";
  return path
    .map((part, index) => (typeof part === "number" ? `[${part + 1}]` : `${index > 0 ? "." : ""}${String(part)}`))
    .join("");
}

function patternOf(path: Path): string {
  return path
    .map((part, index) => (typeof part === "number" ? "[]" : `${index > 0 ? "." : ""}${String(part)}`))
    .join("");
}
