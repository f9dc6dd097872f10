// The directory audit: what it shows of each change, and when.
import { afterEach, describe, expect, it } from "vitest";
import { MINUTE_MS } from "../../../shared/domain/instant.ts";
import type { TestTenant } from "./a-tenant.ts";
import { aTenant, NEVER, setState, USABLE } from "./a-tenant.ts";
import { readAll } from "./questions.ts";

let t: TestTenant;
afterEach(async () => {
  await t.tenant.close();
});

const AUDITS = "/v1.0/auditLogs/directoryAudits";

describe("tenant 32: the directory audit", () => {
  it("shows each change minutes late, newest first, with what was before and after", async () => {
    t = await aTenant();
    await t.batch([setState(NEVER, "enabled")]);
    t.clock.at += 1_000;
    await t.door("POST", `users/${NEVER.id}`, { action: "set-mfa-state", state: "disabled" });
    await t.door("POST", `users/${USABLE.id}`, { action: "set-account-enabled", enabled: false });
    expect(await readAll(t, AUDITS)).toEqual([]);
    t.clock.at += 5 * MINUTE_MS;
    const rows = await readAll(t, `${AUDITS}?$top=2`);
    expect(rows.map((row) => row["activityDisplayName"])).toEqual(["Disable account", "Update user", "Update user"]);
    const off = "[]";
    const on = JSON.stringify([{ RelyingParty: "*", State: "enabled" }]);
    expect(rows.slice(1).map((row) => row["targetResources"])).toMatchObject([
      [{ modifiedProperties: [{ displayName: "StrongAuthenticationRequirement", oldValue: on, newValue: off }] }],
      [{ modifiedProperties: [{ displayName: "StrongAuthenticationRequirement", oldValue: off, newValue: on }] }],
    ]);
    t.clock.at += 10_000;
    const since = encodeURIComponent(`activityDateTime ge ${new Date(t.clock.at - 10 * MINUTE_MS).toISOString()}`);
    expect(await readAll(t, `${AUDITS}?$filter=${since}`)).toHaveLength(3);
    const later = encodeURIComponent(`activityDateTime gt ${new Date(t.clock.at).toISOString()}`);
    expect(await readAll(t, `${AUDITS}?$filter=${later}`)).toEqual([]);
  });
});
