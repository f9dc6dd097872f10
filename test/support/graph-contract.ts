// Holds exchanges with Graph to the contract file, where it is present beside the checkout (../shared/contract). `$batch` is
// unpacked: each step is checked as the call it stands for. Used on the simulated tenant's tests and on recorded exchanges.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import type { ValidateFunction } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import * as z from "zod";

const FILE = join(import.meta.dirname, "..", "..", "..", "shared", "contract", "graph-mfa.openapi.json");
const BATCH = /^\/(v1\.0|beta)\/(?:\$|%24)batch$/iu;

export interface Exchange {
  readonly method: string;
  /** Absolute, or path and query from the version on. */
  readonly url: string;
  readonly requestBody?: unknown;
  /** Absent: no answer came, only the request is checked. */
  readonly status?: number;
  readonly responseBody?: unknown;
  /** The request is known to be bad on purpose: only its answer is checked. */
  readonly badRequest?: boolean;
}

export interface GraphContract {
  /** @returns one sentence for each breach; none means that the exchange fits */
  checkExchange(exchange: Exchange): string[];
  /** `GET /v1.0/users/{}`: every call that it knows. */
  readonly calls: ReadonlySet<string>;
}

const schemaObject = z.record(z.string(), z.unknown());
const content = z.object({ content: z.object({ "application/json": z.object({ schema: schemaObject }) }) });
const parameter = z.object({ name: z.string(), in: z.string(), schema: schemaObject });
const operationSchema = z.object({
  parameters: z.array(z.union([z.object({ $ref: z.string() }), parameter])).default([]),
  requestBody: content.optional(),
  responses: z.record(z.string(), z.looseObject({})),
});
const documentSchema = z.looseObject({
  paths: z.record(z.string(), z.record(z.string(), z.unknown())),
  components: z.looseObject({ parameters: z.record(z.string(), parameter) }),
});
const batchRequests = z.object({
  requests: z.array(z.object({ id: z.string(), method: z.string(), url: z.string(), body: z.unknown().optional() })),
});
const batchResponses = z.object({
  responses: z.array(z.object({ id: z.string(), status: z.number(), body: z.unknown().optional() })),
});

interface Operation {
  readonly segments: readonly string[];
  readonly method: string;
  readonly request: ValidateFunction | null;
  readonly query: ReadonlyMap<string, ValidateFunction>;
  readonly answers: ReadonlyMap<string, ValidateFunction | null>;
}

/** `null`, and one line on stderr, where the contract file is not beside the checkout. */
export function loadGraphContract(): GraphContract | null {
  let text: string;
  try {
    text = readFileSync(FILE, "utf8");
  } catch (error) {
    if (!(error instanceof Error) || !("code" in error) || error.code !== "ENOENT") throw error;
    process.stderr.write("notice: the Graph contract is not beside this checkout; exchanges are not held to it\n");
    return null;
  }
  const raw = schemaObject.parse(JSON.parse(text));
  const operations = compile(raw);
  const calls = operations.map(({ method, segments }) => {
    return `${method} /${segments.map((segment) => (segment.startsWith("{") ? "{}" : segment)).join("/")}`;
  });
  return { checkExchange: (exchange) => check(operations, exchange), calls: new Set(calls) };
}

function compile(raw: Record<string, unknown>): readonly Operation[] {
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  addFormats.default(ajv);
  ajv.addSchema({ ...raw, $id: "graph" });
  const rooted = (schema: unknown): ValidateFunction => ajv.compile(schemaObject.parse(rebase(schema)));
  const document = documentSchema.parse(raw);
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).flatMap(([method, value]) => {
      const parsed = operationSchema.safeParse(value);
      if (!parsed.success) return [];
      const query = parsed.data.parameters
        .map((one) => ("$ref" in one ? document.components.parameters[one.$ref.split("/").at(-1) ?? ""] : one))
        .flatMap((one) => (one?.in === "query" ? [[one.name, rooted(one.schema)] as const] : []));
      const answers = Object.entries(parsed.data.responses).map(([status, response]) => {
        const body = content.safeParse(response);
        return [status, body.success ? rooted(body.data.content["application/json"].schema) : null] as const;
      });
      const { requestBody } = parsed.data;
      return [
        {
          segments: path.split("/").filter(Boolean),
          method: method.toUpperCase(),
          request: requestBody === undefined ? null : rooted(requestBody.content["application/json"].schema),
          query: new Map(query),
          answers: new Map(answers),
        },
      ];
    }),
  );
}

/** References of the document point to the schema that ajv knows under the id `graph`. */
function rebase(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(rebase);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => {
      return [key, key === "$ref" && typeof inner === "string" ? inner.replace(/^#/u, "graph#") : rebase(inner)];
    }),
  );
}

function check(operations: readonly Operation[], exchange: Exchange): string[] {
  const url = new URL(exchange.url, "http://graph");
  const method = exchange.method.toUpperCase();
  const name = `${method} ${url.pathname}`;
  const operation = find(operations, method, url.pathname);
  if (operation === undefined) return exchange.badRequest === true ? [] : [`${name}: not in the contract`];
  const wrong = exchange.badRequest === true ? [] : checkRequest(operation, name, url, exchange.requestBody);
  if (exchange.status !== undefined)
    wrong.push(...checkAnswer(operation, name, exchange.status, exchange.responseBody));
  const batch = BATCH.exec(url.pathname);
  if (batch !== null) wrong.push(...checkSteps(operations, batch[1] ?? "", exchange));
  return wrong;
}

function checkSteps(operations: readonly Operation[], version: string, exchange: Exchange): string[] {
  const requests = batchRequests.safeParse(exchange.requestBody);
  if (!requests.success) return [];
  const answers = batchResponses.safeParse(exchange.responseBody).data?.responses ?? [];
  return requests.data.requests.flatMap((step) => {
    const answer = answers.find(({ id }) => id === step.id);
    return check(operations, {
      method: step.method,
      url: `/${version}/${step.url.replace(/^\//u, "")}`,
      requestBody: step.body,
      ...(answer === undefined ? {} : { status: answer.status, responseBody: answer.body }),
      ...(exchange.badRequest === undefined ? {} : { badRequest: exchange.badRequest }),
    });
  });
}

/** A path with fixed segments wins over one with a placeholder. */
function find(operations: readonly Operation[], method: string, pathname: string): Operation | undefined {
  const path = pathname.split("/").filter(Boolean).map(decodeURIComponent);
  const fits = operations.filter(
    (one) =>
      one.method === method &&
      one.segments.length === path.length &&
      one.segments.every((segment, i) => segment.startsWith("{") || segment.toLowerCase() === path[i]?.toLowerCase()),
  );
  const fixed = (one: Operation): number => one.segments.filter((segment) => !segment.startsWith("{")).length;
  return fits.toSorted((a, b) => fixed(b) - fixed(a))[0];
}

function checkRequest(operation: Operation, name: string, url: URL, body: unknown): string[] {
  const wrong: string[] = [];
  for (const [key, value] of url.searchParams) {
    const validate = operation.query.get(key);
    if (validate === undefined) wrong.push(`${name}: query option ${key} is not in the contract`);
    else wrong.push(...failures(validate, queryValue(key, value), `${name} ${key}`));
  }
  if (operation.request === null) {
    if (body !== undefined && body !== null) wrong.push(`${name}: a body that the contract does not know`);
    return wrong;
  }
  return [...wrong, ...failures(operation.request, body, `${name} request`)];
}

function checkAnswer(operation: Operation, name: string, status: number, body: unknown): string[] {
  const own = operation.answers.get(String(status));
  if (own === undefined && status < 400) return [`${name}: status ${status} is not in the contract`];
  const validate = own ?? (status < 400 ? null : operation.answers.get("default"));
  if (validate === null || validate === undefined) {
    const isEmpty = body === undefined || body === null || body === "";
    return isEmpty ? [] : [`${name}: ${status} with a body`];
  }
  return failures(validate, body, `${name} ${status}`);
}

function queryValue(key: string, value: string): unknown {
  if (key === "$top" || key === "$skip") return Number(value);
  if (key === "$count") return value === "true";
  return key === "$select" || key === "$expand" || key === "$orderby" ? value.split(",") : value;
}

function failures(validate: ValidateFunction, value: unknown, where: string): string[] {
  if (validate(value)) return [];
  return (validate.errors ?? []).slice(0, 5).map((one) => `${where}: ${one.instancePath || "/"} ${one.message ?? ""}`);
}
