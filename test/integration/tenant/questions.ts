// What several tests ask of the simulated tenant: a whole list over its pages, the audit of one target.
import { expect } from "vitest";
import * as z from "zod";
import { MINUTE_MS } from "../../../shared/domain/instant.ts";
import type { Ask, TestTenant } from "./a-tenant.ts";

const list = z.object({ value: z.array(z.record(z.string(), z.unknown())), "@odata.nextLink": z.string().optional() });
export type Row = Record<string, unknown>;

export async function readAll(t: TestTenant, path: string, ask: Ask = {}): Promise<Row[]> {
  const rows: Row[] = [];
  for (let next: string | undefined = path; next !== undefined;) {
    const { value, "@odata.nextLink": link } = list.parse((await t.call("GET", next, ask)).body);
    rows.push(...value);
    expect(link === undefined || link.startsWith(`${t.tenant.url}/v1.0/`)).toBe(true);
    next = link?.slice(t.tenant.url.length);
  }
  return rows;
}

const audit = z.object({
  activityDisplayName: z.string(),
  initiatedBy: z.object({
    app: z.object({ appId: z.string() }).nullable(),
    user: z.object({ userPrincipalName: z.string() }).nullable(),
  }),
});

/** Activities on one target, newest first, with whoever did them. */
export async function auditsOf(t: TestTenant, id: string): Promise<readonly string[]> {
  t.clock.at += 5 * MINUTE_MS; // later than the latest audit, and past the limit of the reports
  const filter = encodeURIComponent(`targetResources/any(t:t/id eq '${id}')`);
  const rows = (await readAll(t, `/v1.0/auditLogs/directoryAudits?$filter=${filter}`)).map((row) => audit.parse(row));
  return rows.map(({ activityDisplayName, initiatedBy: { app, user } }) => {
    return `${activityDisplayName} by ${app?.appId ?? user?.userPrincipalName.split("@")[0] ?? "nobody"}`;
  });
}

/** Switches the faults of a running tenant. */
export async function makeFaults(t: TestTenant, faults: string): Promise<void> {
  expect((await t.door("POST", "faults", { faults })).status).toBe(200);
}
