// One person of a tenant file (CSV or JSON): what a Microsoft 365 admin could have exported, and for the simulated tenant
// how the person behaves.

/** How the simulated person registers: is registered already, by phone only, never, or so many days after the first notice. */
export type RegistrationHabit =
  { readonly kind: "usable" | "phone-only" | "never" } | { readonly kind: "after-notice"; readonly days: number };

export interface TenantUser {
  /** Lower-case GUID. */
  readonly id: string;
  readonly userPrincipalName: string;
  readonly displayName: string;
  /** `null`: the account has no mailbox address. */
  readonly mail: string | null;
  readonly department: string | null;
  readonly country: string | null;
  readonly usageLocation: string | null;
  readonly preferredLanguage: string | null;
  readonly userType: "Member" | "Guest";
  readonly accountEnabled: boolean;
  readonly registration: RegistrationHabit;
  readonly mfaState: "disabled" | "enabled" | "enforced";
}
