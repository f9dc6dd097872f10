// What the directory audit says of each event: activity, category, who did it, to whom, and what changed (Microsoft Learn:
// Microsoft Entra audit activities).
import { deriveGuid } from "../../../shared/domain/hash.ts";
import type { AuditEntry, Before } from "./audit-trail.ts";
import type { Directory } from "./directory.ts";
import type { TenantEvent } from "./event.ts";

type Json = Readonly<Record<string, unknown>>;

export interface AuditText {
  readonly activity: string;
  readonly category: string;
  readonly operation: string;
  readonly service: string;
  readonly initiatedBy: Json;
  readonly targets: readonly Json[];
}

interface Change {
  readonly property: string;
  readonly from: unknown;
  readonly to: unknown;
}

/** `by` of an event: an app's id, or a person in the portal. */
const HUMAN = "human";

export function describeEvent({ event, before }: AuditEntry, directory: Directory): AuditText {
  switch (event.t) {
    case "write": {
      const change = {
        property: "StrongAuthenticationRequirement",
        from: state(before?.mfaState),
        to: state(event.stored),
      };
      return user("Update user", { id: event.user, before }, by(event.by, directory), [change]);
    }
    case "registered":
      return security("User registered security info", event.user, before, person(event.user, before));
    case "unregistered":
      return security("Admin deleted security info", event.user, before, by(HUMAN, directory));
    case "deleted":
      return user("Delete user", { id: event.user, before }, by(HUMAN, directory));
    case "purged":
      return user("Hard Delete user", { id: event.user, before }, by(HUMAN, directory));
    case "restored":
      return user("Restore user", { id: event.user, before }, by(HUMAN, directory));
    case "created":
      return user("Add user", { id: event.user.id, before: event.user }, by(HUMAN, directory));
    case "renamed":
      return user("Update user", { id: event.user, before }, by(HUMAN, directory), [
        { property: "UserPrincipalName", from: [before?.userPrincipalName], to: [event.userPrincipalName] },
        { property: "DisplayName", from: [before?.displayName], to: [event.displayName] },
      ]);
    case "account-enabled": {
      const change = { property: "AccountEnabled", from: [!event.to], to: [event.to] };
      const activity = event.to ? "Enable account" : "Disable account";
      return user(activity, { id: event.user, before }, by(HUMAN, directory), [change]);
    }
    case "permission-lost":
      return permission(
        "Remove app role assignment from service principal",
        event,
        { from: [event.role], to: [] },
        directory,
      );
    case "permission-restored":
      return permission(
        "Add app role assignment to service principal",
        event,
        { from: [], to: [event.role] },
        directory,
      );
    default:
      return describeAppsWork({ event, before }, directory);
  }
}

/** What only apps do here. */
function describeAppsWork({ event, before }: Omit<AuditEntry, "number">, directory: Directory): AuditText {
  switch (event.t) {
    case "tap":
      return security("Admin registered security info", event.user, before, by(event.by, directory));
    case "tap-deleted":
    case "method-deleted":
      return security("Admin deleted security info", event.user, before, by(event.by, directory));
    case "sign-in-preferences":
      return security("Admin updated security info", event.user, before, by(event.by, directory));
    case "setting-changed": {
      const activity = event.setting === "methods-policy" ? "Authentication Methods Policy Update" : "Update policy";
      const initiatedBy = by(event.by, directory);
      const targets = [target("Policy", event.setting, null, [])];
      return { activity, category: "Policy", operation: "Update", service: "Core Directory", initiatedBy, targets };
    }
    case "sessions-revoked":
      return user("Update StsRefreshTokenValidFrom Timestamp", { id: event.user, before }, by(event.by, directory));
    case "group-created":
    case "group-members":
      return group(event, directory);
    case "policy-set":
    case "policy-deleted": {
      const activity = `${event.t === "policy-set" ? "Update" : "Delete"} conditional access policy`;
      const targets = [target("Policy", event.policy, null, [])];
      const initiatedBy = by(event.by, directory);
      return { activity, category: "Policy", operation: "Update", service: "Conditional Access", initiatedBy, targets };
    }
    default:
      throw new Error(`the audit does not show "${event.t}"`);
  }
}

function user(
  activity: string,
  { id, before }: { readonly id: string; readonly before: Before | null },
  initiatedBy: Json,
  changes: readonly Change[] = [],
): AuditText {
  const [operation] = activity.split(" ");
  return {
    activity,
    category: "UserManagement",
    operation: operation === undefined || operation === "Enable" || operation === "Disable" ? "Update" : operation,
    service: "Core Directory",
    initiatedBy,
    targets: [target("User", id, before, changes)],
  };
}

function security(activity: string, id: string, before: Before | null, initiatedBy: Json): AuditText {
  const service = "Authentication Methods";
  const targets = [target("User", id, before, [])];
  return { activity, category: "UserManagement", operation: "Update", service, initiatedBy, targets };
}

function group(event: Extract<TenantEvent, { t: "group-created" | "group-members" }>, directory: Directory): AuditText {
  const common = { category: "GroupManagement", service: "Core Directory", initiatedBy: by(event.by, directory) };
  if (event.t === "group-created") {
    return { ...common, activity: "Add group", operation: "Add", targets: [target("Group", event.group.id, null, [])] };
  }
  const isAdded = event.added.length > 0;
  const users = [...event.added, ...event.removed].map((id) => target("User", id, null, []));
  const activity = isAdded ? "Add member to group" : "Remove member from group";
  const operation = isAdded ? "Assign" : "Unassign";
  return { ...common, activity, operation, targets: [...users, target("Group", event.group, null, [])] };
}

function permission(
  activity: string,
  { app }: Extract<TenantEvent, { t: "permission-lost" | "permission-restored" }>,
  { from, to }: Pick<Change, "from" | "to">,
  directory: Directory,
): AuditText {
  return {
    activity,
    category: "ApplicationManagement",
    operation: activity.startsWith("Add") ? "Assign" : "Unassign",
    service: "Core Directory",
    initiatedBy: by(HUMAN, directory),
    targets: [target("ServicePrincipal", app, null, [{ property: "AppRole.Value", from, to }])],
  };
}

function by(writer: string, directory: Directory): Json {
  if (writer !== HUMAN) return { app: { appId: writer, displayName: null, servicePrincipalId: null }, user: null };
  const domain = directory.people[0]?.user.userPrincipalName.split("@").at(-1) ?? "tenant.example";
  const userPrincipalName = `admin@${domain}`;
  return { app: null, user: { id: deriveGuid(userPrincipalName), displayName: "Administrator", userPrincipalName } };
}

function person(id: string, before: Before | null): Json {
  return { app: null, user: { id, displayName: null, userPrincipalName: before?.userPrincipalName ?? null } };
}

function target(type: string, id: string, before: Before | null, changes: readonly Change[]): Json {
  return {
    id,
    type,
    displayName: before?.displayName ?? null,
    userPrincipalName: before?.userPrincipalName ?? null,
    groupType: null,
    modifiedProperties: changes.map(({ property, from, to }) => {
      return { displayName: property, oldValue: JSON.stringify(from), newValue: JSON.stringify(to) };
    }),
  };
}

/** As the directory stores it: no requirement at all is `disabled`. */
function state(mfaState: string | undefined): readonly Json[] {
  return mfaState === undefined || mfaState === "disabled" ? [] : [{ RelyingParty: "*", State: mfaState }];
}
