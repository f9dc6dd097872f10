// A user's authentication methods: all of them, those of one kind, the end of one, and which one is asked for first.
import * as z from "zod";
import type { Instant } from "../../../shared/domain/instant.ts";
import type { Answer } from "./answer.ts";
import { badRequest, denied, empty, firstFault, notFound, ok } from "./answer.ts";
import { defaultOf, methodId, methodRow, SEGMENT, typeOf } from "./method-rows.ts";
import type { GraphRequest, Operation } from "./operation.ts";
import { BOTH } from "./operation.ts";
import type { Person } from "./people.ts";
import { methodsAt } from "./people.ts";
import { isUsable, passRow } from "./session-operations.ts";
import type { Simulation } from "./simulation.ts";
import { findVisible } from "./user-operations.ts";

type Row = Readonly<Record<string, unknown>>;

const PATH = ["users", ":id", "authentication"];
const PREFERENCES = [...PATH, "signInPreferences"];
const WRITER = "UserAuthenticationMethod.ReadWrite.All";
const READERS = ["UserAuthenticationMethod.Read.All", WRITER];
/** Each kind has permissions of its own besides. Nobody here has one of the last four: their lists are empty. */
const KINDS: readonly (readonly [segment: string, permission: string])[] = [
  ["phoneMethods", "Phone"],
  ["microsoftAuthenticatorMethods", "MicrosoftAuthApp"],
  ["fido2Methods", "Passkey"],
  ["softwareOathMethods", "SoftwareOATH"],
  ["windowsHelloForBusinessMethods", "WindowsHello"],
  ["emailMethods", "Email"],
  ["platformCredentialMethods", "PlatformCred"],
  ["externalAuthenticationMethods", "External"],
];
const read = { method: "GET", service: "auth-methods", resourceUnits: 1, writes: 0 } as const;
const write = { service: "auth-methods", resourceUnits: 1, writes: 1 } as const;

const preferencesBody = z.strictObject({
  isSystemPreferredAuthenticationMethodEnabled: z.boolean().nullable().optional(),
  userPreferredMethodForSecondaryAuthentication: z
    .enum(["push", "oath", "voiceMobile", "voiceAlternateMobile", "voiceOffice", "sms"])
    .nullable()
    .optional(),
});

export const methodOperations: readonly Operation[] = [
  { ...read, versions: BOTH, path: [...PATH, "methods"], roles: READERS, run: listMethods },
  { ...read, versions: ["beta"], path: PREFERENCES, roles: READERS, run: readPreferences },
  { ...write, method: "PATCH", versions: ["beta"], path: PREFERENCES, roles: [WRITER], run: writePreferences },
  ...KINDS.flatMap(([segment, permission]): Operation[] => {
    const [reader, writer] = [`UserAuthMethod-${permission}.Read.All`, `UserAuthMethod-${permission}.ReadWrite.All`];
    const [list, one] = [
      [...PATH, segment],
      [...PATH, segment, ":id"],
    ];
    return [
      { ...read, versions: BOTH, path: list, roles: [...READERS, reader, writer], run: listKind },
      { ...write, method: "DELETE", versions: BOTH, path: one, roles: [WRITER, writer], run: deleteMethod },
    ];
  }),
];

function listMethods(tenant: Simulation, request: GraphRequest, id: string): Answer {
  const person = findVisible(tenant, request, id);
  if (person === undefined) return notFound(id);
  const password = {
    "@odata.type": "#microsoft.graph.passwordAuthenticationMethod",
    id: "28c10230-6103-485e-b985-444c60001490",
    createdDateTime: new Date(person.createdAt).toISOString(),
    password: null,
  };
  const held = methodsAt(person, request.now).map((one): Row => {
    return { "@odata.type": typeOf(one.method), ...methodRow(person, one) };
  });
  const value = [password, ...held, ...livePass(person, request.now)];
  return ok({ "@odata.context": contextOf(request, person, "methods"), value });
}

/** A pass is a method while it can be used; it makes nobody registered. */
function livePass({ pass }: Person, now: Instant): readonly Row[] {
  if (pass === null || !isUsable(pass, now)) return [];
  return [{ "@odata.type": "#microsoft.graph.temporaryAccessPassAuthenticationMethod", ...passRow(pass, now) }];
}

function listKind(tenant: Simulation, request: GraphRequest, id: string): Answer {
  const person = findVisible(tenant, request, id);
  if (person === undefined) return notFound(id);
  const segment = request.path[3] ?? "";
  const held = methodsAt(person, request.now).filter(({ method }) => isSame(SEGMENT[method], segment));
  const value = held.map((one) => methodRow(person, one));
  return ok({ "@odata.context": contextOf(request, person, segment), value });
}

/** A second deletion finds nothing. The default goes last, and an alternate phone before the mobile one. */
function deleteMethod(tenant: Simulation, request: GraphRequest, id: string): Answer {
  const person = findVisible(tenant, request, id);
  if (person === undefined) return notFound(id);
  if (person.isProtected) return denied();
  const [segment, wanted] = [request.path[3] ?? "", request.path[4] ?? ""];
  const held = methodsAt(person, request.now).map(({ method }) => method);
  const method = held.find((one) => isSame(SEGMENT[one], segment) && isSame(methodId(person, one), wanted));
  if (method === undefined) return notFound(wanted);
  if (method === "phone" && held.includes("alternate-phone")) {
    return badRequest("The mobile phone cannot be deleted while there is an alternate mobile phone.");
  }
  if (held.length > 1 && defaultOf(person, request.now)?.method === method) {
    return badRequest(
      "The method matches the user's current default authentication method, and cannot be deleted until the default " +
        "authentication method is changed.",
    );
  }
  const { clientId: by } = request.caller;
  tenant.commit({ t: "method-deleted", at: request.now, by, user: person.user.id, method });
  return empty(204);
}

function readPreferences(tenant: Simulation, request: GraphRequest, id: string): Answer {
  const person = findVisible(tenant, request, id);
  if (person === undefined) return notFound(id);
  return ok({
    "@odata.context": contextOf(request, person, "signInPreferences/$entity"),
    isSystemPreferredAuthenticationMethodEnabled: person.signInPreferences.isSystemPreferred ?? true,
    userPreferredMethodForSecondaryAuthentication: defaultOf(person, request.now)?.preference ?? null,
  });
}

/** What is not sent stays. */
function writePreferences(tenant: Simulation, request: GraphRequest, id: string): Answer {
  const parsed = preferencesBody.safeParse(request.body);
  if (!parsed.success) return badRequest(firstFault(parsed.error));
  const person = findVisible(tenant, request, id);
  if (person === undefined) return notFound(id);
  if (person.isProtected) return denied();
  const { isSystemPreferred, secondary } = person.signInPreferences;
  const {
    isSystemPreferredAuthenticationMethodEnabled: system = isSystemPreferred,
    userPreferredMethodForSecondaryAuthentication: preferred = secondary,
  } = parsed.data;
  const { clientId: by } = request.caller;
  const now = { isSystemPreferred: system, secondary: preferred };
  tenant.commit({ t: "sign-in-preferences", at: request.now, by, user: person.user.id, ...now });
  return empty(204);
}

function isSame(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}

function contextOf({ origin, version }: GraphRequest, { user }: Person, what: string): string {
  return `${origin}/${version}/$metadata#users('${user.id}')/authentication/${what}`;
}
