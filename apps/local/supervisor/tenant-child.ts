// Process entry of the simulated tenant under the supervisor. It is never held: its state is a function of its clock.
import { endChild, runChild } from "../child.ts";
import { startTenant } from "../tenant/tenant.ts";
import { tenantSettings } from "./tenant-settings.ts";

runChild({
  role: "tenant",
  settings: tenantSettings,
  start: async (options, clock) => {
    const tenant = await startTenant({ ...options, clock });
    void tenant.broken().then(endChild);
    return {
      ports: { tenant: tenant.port },
      info: { url: tenant.url, identityEndpoint: tenant.identityEndpoint },
      ask: (what) => (what === "account" ? tenant.account() : tenant.stats()),
      close: () => tenant.close(),
    };
  },
});
