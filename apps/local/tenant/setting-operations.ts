// The tenant's own policies: security defaults, the methods policy, and the strengths that Conditional Access can ask for.
import * as z from "zod";
import type { Answer } from "./answer.ts";
import { badRequest, empty, firstFault, ok, unsupportedQuery } from "./answer.ts";
import type { SettingName } from "./event.ts";
import { parseFilter } from "./filter.ts";
import type { GraphRequest, Operation } from "./operation.ts";
import { BOTH } from "./operation.ts";
import { PHONE_ENDS_AT } from "./options.ts";
import type { Simulation } from "./simulation.ts";

type Row = Readonly<Record<string, unknown>>;

const DEFAULTS_PATH = ["policies", "identitySecurityDefaultsEnforcementPolicy"];
const METHODS_PATH = ["policies", "authenticationMethodsPolicy"];
const STRENGTHS_PATH = ["policies", "authenticationStrengthPolicies"];
const METHODS_WRITER = "Policy.ReadWrite.AuthenticationMethod";
const read = { method: "GET", versions: BOTH, service: "identity", resourceUnits: 1, writes: 0 } as const;
const change = { method: "PATCH", versions: BOTH, service: "identity", resourceUnits: 1, writes: 1 } as const;

const defaultsBody = z.strictObject({ isEnabled: z.boolean() });
const methodsBody = z
  .looseObject({
    policyMigrationState: z.enum(["preMigration", "migrationInProgress", "migrationComplete"]).optional(),
    registrationEnforcement: z.record(z.string(), z.unknown()).optional(),
    authenticationMethodConfigurations: z.array(z.looseObject({ "@odata.type": z.string() })).optional(),
  })
  .refine((body) => Object.keys(body).length > 0, "Nothing to change.");

export const settingOperations: readonly Operation[] = [
  { ...read, path: DEFAULTS_PATH, roles: ["Policy.Read.All", "Policy.ReadWrite.SecurityDefaults"], run: readDefaults },
  { ...change, path: DEFAULTS_PATH, roles: ["Policy.ReadWrite.SecurityDefaults"], run: changeDefaults },
  { ...read, path: METHODS_PATH, roles: ["Policy.Read.All", METHODS_WRITER], run: readMethodsPolicy },
  { ...change, path: METHODS_PATH, roles: [METHODS_WRITER], run: changeMethodsPolicy },
  { ...read, path: STRENGTHS_PATH, roles: ["Policy.Read.All"], run: listStrengths },
];

function readDefaults(tenant: Simulation, request: GraphRequest): Answer {
  const atFirst = {
    id: "00000000-0000-0000-0000-000000000005", // the same in every tenant
    displayName: "Security Defaults",
    // Per-user states are not for a tenant that has these on.
    isEnabled: false,
  };
  return entity(request, DEFAULTS_PATH, tenant.settings.of("security-defaults", atFirst));
}

function changeDefaults(tenant: Simulation, request: GraphRequest): Answer {
  const parsed = defaultsBody.safeParse(request.body);
  return parsed.success
    ? commit(tenant, request, "security-defaults", parsed.data)
    : badRequest(firstFault(parsed.error));
}

function readMethodsPolicy(tenant: Simulation, request: GraphRequest): Answer {
  const phones = request.now < PHONE_ENDS_AT;
  const atFirst = {
    id: "authenticationMethodsPolicy",
    displayName: "Authentication Methods Policy",
    policyVersion: "1.5",
    policyMigrationState: "migrationComplete",
    reconfirmationInDays: null,
    registrationEnforcement: {
      authenticationMethodsRegistrationCampaign: {
        snoozeDurationInDays: 1,
        state: "default",
        excludeTargets: [],
        includeTargets: [],
      },
    },
    authenticationMethodConfigurations: [
      configuration("fido2", "Fido2", true),
      configuration("microsoftAuthenticator", "MicrosoftAuthenticator", true),
      configuration("sms", "Sms", phones),
      configuration("voice", "Voice", phones),
      configuration("softwareOath", "SoftwareOath", true),
      configuration("temporaryAccessPass", "TemporaryAccessPass", tenant.knobs.tapEnabled),
    ],
  };
  return entity(request, METHODS_PATH, tenant.settings.of("methods-policy", atFirst));
}

/** A property that is sent replaces the old one, lists included. */
function changeMethodsPolicy(tenant: Simulation, request: GraphRequest): Answer {
  const parsed = methodsBody.safeParse(request.body);
  if (!parsed.success) return badRequest(firstFault(parsed.error));
  const lastModifiedDateTime = new Date(request.now).toISOString();
  return commit(tenant, request, "methods-policy", { ...parsed.data, lastModifiedDateTime });
}

function listStrengths(_: Simulation, request: GraphRequest): Answer {
  const text = request.query.get("$filter");
  const matches = text === null ? () => true : parseFilter(text, new Set(["id", "displayName", "policyType"]));
  if (matches === null) return unsupportedQuery(`Unsupported or invalid query filter clause: ${text ?? ""}`);
  const strengths = [
    strength(2, "Multifactor authentication", ["fido2", "password,microsoftAuthenticatorPush", "password,sms"]),
    strength(3, "Passwordless MFA", ["fido2", "deviceBasedPush"]),
    strength(4, "Phishing-resistant MFA", ["fido2", "windowsHelloForBusiness"]),
  ];
  const context = `${request.origin}/${request.version}/$metadata#${STRENGTHS_PATH.join("/")}`;
  return ok({ "@odata.context": context, value: strengths.filter(matches) });
}

/** Those that every tenant has. */
function strength(number: number, displayName: string, allowedCombinations: readonly string[]): Row {
  return {
    id: `00000000-0000-0000-0000-00000000000${number}`,
    displayName,
    policyType: "builtIn",
    requirementsSatisfied: "mfa",
    allowedCombinations,
    createdDateTime: "2021-12-01T00:00:00Z",
    modifiedDateTime: "2021-12-01T00:00:00Z",
  };
}

function configuration(type: string, id: string, isEnabled: boolean): Row {
  return {
    "@odata.type": `#microsoft.graph.${type}AuthenticationMethodConfiguration`,
    id,
    state: isEnabled ? "enabled" : "disabled",
  };
}

function commit(tenant: Simulation, request: GraphRequest, setting: SettingName, body: Row): Answer {
  tenant.commit({ t: "setting-changed", at: request.now, by: request.caller.clientId, setting, body });
  return empty(204);
}

function entity({ origin, version }: GraphRequest, path: readonly string[], body: Row): Answer {
  return ok({ "@odata.context": `${origin}/${version}/$metadata#${path.join("/")}/$entity`, ...body });
}
