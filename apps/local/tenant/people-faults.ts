// Faults that are people's doing: somebody leaves, comes back, marries; an admin takes a permission away or undoes our write. Each
// is an event of the log like any other, so it is drawn once, and the directory audit shows it.
import { hash32 } from "../../../shared/domain/hash.ts";
import type { Instant } from "../../../shared/domain/instant.ts";
import { HOUR_MS, MINUTE_MS } from "../../../shared/domain/instant.ts";
import type { RenameEvent } from "./event.ts";
import type { Drawn } from "./faults.ts";
import type { Person } from "./people.ts";
import type { Simulation } from "./simulation.ts";
import type { Caller } from "./tokens.ts";

const LOST_AT_MOST_MS = 2 * HOUR_MS;
const REVERT_AT_MOST_MS = 12 * HOUR_MS;
const FAMILY = ["Adler", "Bianchi", "Costa", "Duval", "Evans", "Fischer", "Garnier", "Horvat"] as const;

/** Before a read or write of one user is answered: what becomes of that user. Emergency accounts are left alone by everybody. */
export function meetFate(tenant: Simulation, idOrName: string, now: Instant): void {
  const person = tenant.directory.find(idOrName) ?? tenant.directory.findEver(idOrName);
  if (person === undefined || person.isGlobalAdministrator) return;
  if (person.deletedAt !== null) {
    restore(tenant, person, now);
    return;
  }
  const { id } = person.user;
  const fault = tenant.faults.drawOf(["user-deleted", "user-renamed"], `person ${id}`);
  if (fault?.name === "user-deleted") tenant.commit({ t: "deleted", at: now, user: id });
  if (fault?.name === "user-renamed") tenant.commit(newName(tenant, person, fault, now));
}

/** Before all users are listed: whoever reads a list would never ask for somebody who is gone. */
export function restoreSome(tenant: Simulation, now: Instant): void {
  for (const person of tenant.directory.deleted()) restore(tenant, person, now);
}

/** Before a request is answered: whether its app loses one of its permissions. */
export function losePermission(tenant: Simulation, caller: Caller, content: string, now: Instant): void {
  const held = [...caller.roles].filter((role) => !tenant.agenda.isLost(caller.clientId, role)).toSorted();
  const fault = tenant.faults.drawOf(["permission-lost"], `permission ${caller.clientId} ${content}`);
  if (fault === null) return;
  const role = held[Math.floor(tenant.faults.share(fault, "role") * held.length)];
  if (role === undefined) return;
  const until = now + MINUTE_MS + Math.floor(tenant.faults.share(fault, "span") * (LOST_AT_MOST_MS - MINUTE_MS));
  tenant.commit({ t: "permission-lost", at: now, app: caller.clientId, role, until });
}

/** After an app's write: whether an admin will undo it. */
export function planRevert(tenant: Simulation, person: Person, now: Instant): void {
  const { id } = person.user;
  if (person.isGlobalAdministrator || person.mfa.state === "disabled" || tenant.agenda.plansRevert(id)) return;
  const fault = tenant.faults.drawOf(["admin-revert"], `revert ${id}`);
  if (fault === null) return;
  const due = now + HOUR_MS + Math.floor(tenant.faults.share(fault, "span") * (REVERT_AT_MOST_MS - HOUR_MS));
  tenant.commit({ t: "revert-planned", at: now, user: id, due });
}

function restore(tenant: Simulation, person: Person, now: Instant): void {
  if (person.deletedAt === null || person.isPurged) return;
  const { id } = person.user;
  if (tenant.faults.drawOf(["user-restored"], `restored ${id}`) === null) return;
  tenant.commit({ t: "restored", at: now, user: id });
}

function newName(
  tenant: Simulation,
  { user }: Person,
  fault: Drawn<"user-deleted" | "user-renamed">,
  now: Instant,
): RenameEvent {
  const family = FAMILY[Math.floor(tenant.faults.share(fault, "family") * FAMILY.length)] ?? FAMILY[0];
  const given = user.displayName.split(" ")[0] ?? "";
  // The number keeps two people of one name apart; it follows from who they are and how often they were renamed.
  const local = `renamed.${family.toLowerCase()}.${hash32(`${user.id}/${fault.key}`, tenant.options.seed).toString(36)}`;
  return {
    t: "renamed",
    at: now,
    user: user.id,
    userPrincipalName: `${local}${afterLocalPart(user.userPrincipalName)}`,
    displayName: `${given} ${family}`.trim(),
    mail: user.mail === null ? null : `${local}${user.mail.slice(user.mail.indexOf("@"))}`,
  };
}

/** A guest's name holds the address at home: `anna_home.example#EXT#@here.example`. */
function afterLocalPart(userPrincipalName: string): string {
  const guest = userPrincipalName.indexOf("_");
  const isGuest = userPrincipalName.includes("#EXT#") && guest >= 0;
  return userPrincipalName.slice(isGuest ? guest : userPrincipalName.indexOf("@"));
}
