// Every setting of host.json has its reason in docs/decisions, and no reason stands for a setting that is not there.
import { expect, it } from "vitest";
import { readText } from "./repository-files.ts";

function leavesOf(value: unknown, path: string): readonly string[] {
  if (typeof value !== "object" || value === null) return [path];
  return Object.entries(value).flatMap(([name, inner]) => leavesOf(inner, path === "" ? name : `${path}.${name}`));
}

it("host.json and its decision name the same settings", () => {
  const settings = leavesOf(JSON.parse(readText("host.json")), "");
  const rows = readText("docs/decisions/0006-host-json.md").match(/^\| `[^|]+/gm) ?? [];
  const reasoned = rows.flatMap((row) => [...row.matchAll(/`([^`]+)`/g)].map(([, name]) => name ?? ""));

  expect(settings.length).toBeGreaterThan(10);
  expect([...reasoned].sort()).toEqual([...settings].sort());
});
