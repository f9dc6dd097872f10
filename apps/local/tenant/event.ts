// What happened in the tenant, as stored in the append log. State is the fold of these: nothing else changes it. An event holds
// the outcome that was drawn (what a write stored, when a mail arrives), so that a replay never draws again.
import * as z from "zod";

/** The strongest first: it is the one that a person counts as registered with. */
export const METHODS = ["passkey", "app", "oath", "phone", "alternate-phone"] as const;
export type Method = (typeof METHODS)[number];

const at = z.int();
const mfaState = z.enum(["disabled", "enabled", "enforced"]);
const registration = z.union([
  z.object({ kind: z.enum(["usable", "phone-only", "never"]) }),
  z.object({ kind: z.literal("after-notice"), days: z.number().min(0) }),
]);

export const tenantUserSchema = z.object({
  id: z.string(),
  userPrincipalName: z.string(),
  displayName: z.string(),
  mail: z.string().nullable(),
  department: z.string().nullable(),
  country: z.string().nullable(),
  usageLocation: z.string().nullable(),
  preferredLanguage: z.string().nullable(),
  userType: z.enum(["Member", "Guest"]),
  accountEnabled: z.boolean(),
  registration,
  mfaState,
});

const write = z.object({
  t: z.literal("write"),
  at,
  user: z.string(),
  /** App id of the writer; `human` for a change made through the simulator's door. */
  by: z.string(),
  requested: mfaState.nullable(),
  stored: mfaState,
  /** Stays `enabled` although registered. */
  sticky: z.boolean(),
});

const mail = z.object({
  t: z.literal("mail"),
  at,
  sender: z.string(),
  by: z.string(),
  to: z.array(z.string()),
  rollout: z.string().nullable(),
  notice: z.string().nullable(),
  enrollment: z.string().nullable(),
  subject: z.string(),
  /** `null`: bounced. */
  arrivesAt: at.nullable(),
});

const renamed = z.object({
  t: z.literal("renamed"),
  at,
  user: z.string(),
  userPrincipalName: z.string(),
  displayName: z.string(),
  mail: z.string().nullable(),
});

/** App id of the caller. */
const by = z.string();
const groupSchema = z.object({
  id: z.string(),
  displayName: z.string(),
  description: z.string().nullable(),
  mailNickname: z.string(),
  mailEnabled: z.boolean(),
  securityEnabled: z.boolean(),
  isAssignableToRole: z.boolean(),
  groupTypes: z.array(z.string()),
  membershipRule: z.string().nullable(),
});
const memberChange = { added: z.array(z.string()), removed: z.array(z.string()) };
const method = z.enum(METHODS);
const preferences = { isSystemPreferred: z.boolean().nullable(), secondary: z.string().nullable() };
/** Policies of which there is one a tenant. */
const setting = z.enum(["security-defaults", "methods-policy"]);
const pass = { id: z.string(), startAt: at, minutes: z.int(), once: z.boolean() };

export const eventSchema = z.discriminatedUnion("t", [
  write,
  mail,
  z.object({ t: z.literal("registered"), at, user: z.string(), method }),
  z.object({ t: z.literal("unregistered"), at, user: z.string() }),
  z.object({ t: z.literal("deleted"), at, user: z.string() }),
  z.object({ t: z.literal("created"), at, user: tenantUserSchema }),
  z.object({ t: z.literal("account-enabled"), at, user: z.string(), to: z.boolean() }),
  z.object({ t: z.literal("protected"), at, user: z.string(), to: z.boolean() }),
  /** For good, 30 days after the deletion. */
  z.object({ t: z.literal("purged"), at, user: z.string() }),
  z.object({ t: z.literal("restored"), at, user: z.string() }),
  renamed,
  /** An admin's plan to set the user back; it ends with a `write` by `human` at `due`, or void. */
  z.object({ t: z.literal("revert-planned"), at, user: z.string(), due: at }),
  z.object({ t: z.literal("revert-void"), at, user: z.string() }),
  z.object({ t: z.literal("group-created"), at, by, group: groupSchema }),
  z.object({ t: z.literal("group-members"), at, by, group: z.string(), ...memberChange }),
  /** Never the pass itself: it is in the answer that made it, and nowhere else. */
  z.object({ t: z.literal("tap"), at, by, user: z.string(), ...pass }),
  z.object({ t: z.literal("tap-deleted"), at, by, user: z.string() }),
  z.object({ t: z.literal("sessions-revoked"), at, by, user: z.string() }),
  z.object({ t: z.literal("method-deleted"), at, by, user: z.string(), method }),
  z.object({ t: z.literal("sign-in-preferences"), at, by, user: z.string(), ...preferences }),
  z.object({ t: z.literal("setting-changed"), at, by, setting, body: z.record(z.string(), z.unknown()) }),
  z.object({ t: z.literal("policy-set"), at, by, policy: z.string(), body: z.record(z.string(), z.unknown()) }),
  z.object({ t: z.literal("policy-deleted"), at, by, policy: z.string() }),
  z.object({ t: z.literal("permission-lost"), at, app: z.string(), role: z.string(), until: at }),
  z.object({ t: z.literal("permission-restored"), at, app: z.string(), role: z.string() }),
  /** Writes that changed nothing count against the quota, so a restart must not forget them. */
  z.object({ t: z.literal("refused-writes"), at, by: z.string(), count: z.int() }),
]);

export type TenantEvent = z.infer<typeof eventSchema>;
export type WriteEvent = z.infer<typeof write>;
export type MailEvent = z.infer<typeof mail>;
export type Group = z.infer<typeof groupSchema>;
export type SettingName = z.infer<typeof setting>;
export type RenameEvent = z.infer<typeof renamed>;
/** An event about one user who is there already. */
export type PersonEvent = Extract<TenantEvent, { user: string }>;
