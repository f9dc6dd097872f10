// The managed-identity endpoint and the check of its tokens. Tokens are signed with a key derived from the identity header, so
// that they stay good over a restart of this process, as real ones do. They expire by the wall clock: the SDK and the app's own
// cache look at the real time, whatever the virtual clock says.
import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import * as z from "zod";
import type { Answer } from "./answer.ts";
import { unauthenticated } from "./answer.ts";
import type { Identity } from "./options.ts";

const GRAPH_AUDIENCE = "https://graph.microsoft.com";
// Grants given by Exchange (RBAC for Applications) are no Entra permission: no token shows them.
const EXCHANGE_GRANT = "Application Mail.Send";
// A cache of checked tokens: an app has four identities, a test a few more.
const CACHED_TOKENS = 200;

const claimsSchema = z.object({
  aud: z.string(),
  appid: z.string(),
  tid: z.string(),
  roles: z.array(z.string()),
  exp: z.number(),
});

export interface Caller {
  readonly clientId: string;
  readonly roles: ReadonlySet<string>;
}

interface TokenOptions {
  readonly tenantId: string;
  readonly identityHeader: string;
  readonly identities: readonly Identity[];
  readonly lifetimeS: number;
  readonly wallNow: () => number;
}

export class Tokens {
  readonly #options: TokenOptions;
  readonly #key: Buffer;
  readonly #checked = new Map<string, { caller: Caller; exp: number; aud: string }>();

  constructor(options: TokenOptions) {
    this.#options = options;
    this.#key = createHash("sha256").update(`${options.tenantId}\n${options.identityHeader}`).digest();
  }

  /** `GET /msi/token?resource=…&client_id=…` with the header `x-identity-header` (App Service protocol 2019-08-01). */
  issue(header: string | undefined, query: URLSearchParams): Answer {
    if (!sameSecret(header ?? "", this.#options.identityHeader)) {
      return identityError(401, "x-identity-header is missing or wrong");
    }
    const resource = query.get("resource");
    if (resource === null) return identityError(400, "resource is missing");
    const clientId = query.get("client_id") ?? "";
    const identity = this.#options.identities.find((one) => one.clientId === clientId);
    if (identity === undefined) return identityError(400, `no managed identity with client id '${clientId}'`);

    const audience = bareAudience(resource);
    const iat = Math.floor(this.#options.wallNow() / 1_000);
    const exp = iat + this.#options.lifetimeS;
    const { tenantId } = this.#options;
    const roles = identity.roles.filter((role) => role !== EXCHANGE_GRANT);
    const claims = { aud: audience, iss: `https://sts.windows.net/${tenantId}/`, iat, nbf: iat, exp };
    const body = {
      access_token: this.#sign({ ...claims, appid: clientId, idtyp: "app", tid: tenantId, roles, ver: "1.0" }),
      expires_on: String(exp),
      resource,
      token_type: "Bearer",
      client_id: clientId,
    };
    return { status: 200, headers: {}, body };
  }

  /** The caller behind an `Authorization` header, or the 401 that Graph would give. */
  check(authorization: string | undefined): Caller | Answer {
    const token = /^Bearer (\S+)$/iu.exec(authorization ?? "")?.[1];
    if (token === undefined) return unauthenticated("Access token is empty.");
    const known = this.#checked.get(token) ?? this.#verify(token);
    if (known === undefined) return unauthenticated("Access token validation failure. Invalid signature.");
    if (known.aud !== GRAPH_AUDIENCE) return unauthenticated("Access token validation failure. Invalid audience.");
    if (known.exp * 1_000 <= this.#options.wallNow()) {
      this.#checked.delete(token);
      return unauthenticated("Lifetime validation failed, the token is expired.");
    }
    return known.caller;
  }

  #verify(token: string): { caller: Caller; exp: number; aud: string } | undefined {
    const [head, payload, signature] = token.split(".");
    if (head === undefined || payload === undefined || signature === undefined) return undefined;
    if (!sameSecret(signature, this.#mac(`${head}.${payload}`))) return undefined;
    const claims = claimsSchema.parse(JSON.parse(Buffer.from(payload, "base64url").toString()));
    const grants = this.#options.identities.find((one) => one.clientId === claims.appid)?.roles ?? [];
    const roles = new Set([...claims.roles, ...grants.filter((role) => role === EXCHANGE_GRANT)]);
    const checked = { caller: { clientId: claims.appid, roles }, exp: claims.exp, aud: claims.aud };
    if (this.#checked.size >= CACHED_TOKENS) this.#checked.clear();
    this.#checked.set(token, checked);
    return checked;
  }

  #sign(claims: Readonly<Record<string, unknown>>): string {
    const unsigned = `${encode({ typ: "JWT", alg: "HS256" })}.${encode(claims)}`;
    return `${unsigned}.${this.#mac(unsigned)}`;
  }

  #mac(text: string): string {
    return createHmac("sha256", this.#key).update(text).digest("base64url");
  }
}

export function isCaller(value: Caller | Answer): value is Caller {
  return "clientId" in value;
}

/** In constant time for equal lengths; a length is no secret. */
export function sameSecret(given: string, wanted: string): boolean {
  const a = Buffer.from(given);
  const b = Buffer.from(wanted);
  return a.length === b.length && timingSafeEqual(a, b);
}

function bareAudience(resource: string): string {
  return resource.replace(/\/(\.default)?$/u, "");
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}

function identityError(status: number, message: string): Answer {
  return { status, headers: {}, body: { statusCode: status, message } };
}
