// The tenant's options as they travel to its process: all but the clock, which it gets from the supervisor.
import { z } from "zod";
import type { TenantOptions } from "../tenant/options.ts";

export type TenantChildOptions = Omit<TenantOptions, "clock" | "dataDir" | "port">;
export type TenantChildSettings = Omit<TenantOptions, "clock">;

// Only checked to be an object: it was typed where it was made, a fork ago, and the tenant's users are many.
export const tenantSettings = z.custom<TenantChildSettings>((value) => typeof value === "object" && value !== null);
