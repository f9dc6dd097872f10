// Directory roles, the organization and its licences: what gates and the doctor ask before anything is written.
import { deriveGuid } from "../../../shared/domain/hash.ts";
import type { Answer } from "./answer.ts";
import { notFound, ok, unsupportedQuery } from "./answer.ts";
import { parseFilter } from "./filter.ts";
import type { GraphRequest, Operation } from "./operation.ts";
import { BOTH } from "./operation.ts";
import { GLOBAL_ADMINISTRATOR } from "./options.ts";
import type { Person } from "./people.ts";
import type { Simulation } from "./simulation.ts";
import { PLAN_EXCHANGE, PLAN_P1, userRow } from "./user-rows.ts";

const ROLE_READERS = ["RoleManagement.Read.Directory", "RoleManagement.ReadWrite.Directory", "Directory.Read.All"];
const ELIGIBILITY_READERS = ["RoleEligibilitySchedule.Read.Directory", ...ROLE_READERS];
const ORGANIZATION_READERS = ["User.Read.All", "Organization.Read.All", "Directory.Read.All"];
const LICENCE_READERS = ["LicenseAssignment.Read.All", "Organization.Read.All", "Directory.Read.All"];
export const SKU_E3 = "05e9a617-0261-4cee-bb44-138d3ef5d965";
const ASSIGNMENT_PROPERTIES: ReadonlySet<string> = new Set([
  "id",
  "roleDefinitionId",
  "principalId",
  "directoryScopeId",
]);
const MEMBER_PROPERTIES = ["id", "displayName", "userPrincipalName", "mail", "givenName", "surname", "jobTitle"];

export const tenantOperations: readonly Operation[] = [
  read(["roleManagement", "directory", "roleAssignments"], 1, ROLE_READERS, listRoleAssignments),
  read(["roleManagement", "directory", "roleEligibilityScheduleInstances"], 1, ELIGIBILITY_READERS, listEligible),
  read(["directoryRoles"], 1, ROLE_READERS, listDirectoryRoles),
  read(["directoryRoles", ":id", "members"], 1, ROLE_READERS, listRoleMembers),
  read(["organization"], 1, ORGANIZATION_READERS, listOrganization),
  read(["subscribedSkus"], 3, LICENCE_READERS, listSubscribedSkus),
];

function read(
  path: readonly string[],
  resourceUnits: number,
  roles: readonly string[],
  run: Operation["run"],
): Operation {
  return { method: "GET", versions: BOTH, path, service: "identity", resourceUnits, writes: 0, roles, run };
}

function listRoleAssignments(tenant: Simulation, request: GraphRequest): Answer {
  const text = request.query.get("$filter");
  // Graph asks for a filter here, too: without one it refuses in larger tenants.
  const matches = text === null ? () => true : parseFilter(text, ASSIGNMENT_PROPERTIES);
  if (matches === null) return unsupportedQuery(`Unsupported or invalid query filter clause: ${text ?? ""}`);
  const value = administrators(tenant).map((person) => ({
    id: deriveGuid(`assignment/${person.user.id}`),
    roleDefinitionId: GLOBAL_ADMINISTRATOR,
    principalId: person.user.id,
    directoryScopeId: "/",
  }));
  return collection(request, "roleManagement/directory/roleAssignments", value.filter(matches));
}

/** Whoever has a role here has it for good: nobody has to ask for one first. */
function listEligible(_: Simulation, request: GraphRequest): Answer {
  const text = request.query.get("$filter");
  if (text !== null && parseFilter(text, ASSIGNMENT_PROPERTIES) === null)
    return unsupportedQuery(`Unsupported or invalid query filter clause: ${text}`);
  return collection(request, "roleManagement/directory/roleEligibilityScheduleInstances", []);
}

function listDirectoryRoles(tenant: Simulation, request: GraphRequest): Answer {
  const role = {
    id: roleId(tenant),
    deletedDateTime: null,
    displayName: "Global Administrator",
    description: "Can manage all aspects of Microsoft Entra ID and Microsoft services that use its identities.",
    roleTemplateId: GLOBAL_ADMINISTRATOR,
  };
  return collection(request, "directoryRoles", [role]);
}

function listRoleMembers(tenant: Simulation, request: GraphRequest, id: string): Answer {
  if (id !== roleId(tenant)) return notFound(id);
  const value = administrators(tenant).map((person) => {
    const row = userRow(tenant, person);
    const shown = Object.fromEntries(MEMBER_PROPERTIES.map((name) => [name, row[name] ?? null]));
    return { "@odata.type": "#microsoft.graph.user", ...shown };
  });
  return collection(request, "directoryObjects", value);
}

function listOrganization(tenant: Simulation, request: GraphRequest): Answer {
  const name = tenant.directory.people[0]?.user.userPrincipalName.split("@")[1] ?? "tenant.example";
  const plan = { capabilityStatus: "Enabled", service: "AADPremiumService", servicePlanId: PLAN_P1 };
  const organization = {
    id: tenant.options.tenantId,
    displayName: name,
    createdDateTime: "2015-05-04T08:00:00Z",
    countryLetterCode: "DE",
    preferredLanguage: "en",
    onPremisesSyncEnabled: null,
    tenantType: "AAD",
    assignedPlans: tenant.knobs.licence === "premium" ? [{ ...plan, assignedDateTime: "2015-05-04T08:00:00Z" }] : [],
    verifiedDomains: [{ capabilities: "Email", isDefault: true, isInitial: false, name, type: "Managed" }],
  };
  return collection(request, "organization", [organization]);
}

function listSubscribedSkus(tenant: Simulation, request: GraphRequest): Answer {
  const { people } = tenant.directory;
  const sku = {
    id: `${tenant.options.tenantId}_${SKU_E3}`,
    skuId: SKU_E3,
    skuPartNumber: "SPE_E3",
    capabilityStatus: "Enabled",
    appliesTo: "User",
    consumedUnits: people.filter(({ user }) => user.userType === "Member").length,
    prepaidUnits: { enabled: people.length, suspended: 0, warning: 0, lockedOut: 0 },
    servicePlans: servicePlans(tenant),
  };
  return collection(request, "subscribedSkus", [sku]);
}

export function servicePlans({ knobs }: Simulation): readonly Readonly<Record<string, string>>[] {
  const plan = (servicePlanName: string, servicePlanId: string): Readonly<Record<string, string>> => {
    return { servicePlanId, servicePlanName, provisioningStatus: "Success", appliesTo: "User" };
  };
  const exchange = plan("EXCHANGE_S_ENTERPRISE", PLAN_EXCHANGE);
  return knobs.licence === "premium" ? [exchange, plan("AAD_PREMIUM", PLAN_P1)] : [exchange];
}

function administrators(tenant: Simulation): readonly Person[] {
  // Emergency accounts are the first of the directory (see Directory): no scan over all users for each gate.
  const { length } = tenant.options.breakGlass;
  return tenant.directory.people
    .slice(0, length)
    .filter((person) => person.isGlobalAdministrator && person.deletedAt === null);
}

function roleId(tenant: Simulation): string {
  return deriveGuid(`${tenant.options.tenantId}/global-administrator`);
}

function collection(request: GraphRequest, context: string, value: readonly unknown[]): Answer {
  return ok({ "@odata.context": `${request.origin}/${request.version}/$metadata#${context}`, value });
}
