// One Graph operation as data: path, cost, permissions, and a function from request to answer.
import type { Instant } from "../../../shared/domain/instant.ts";
import type { Answer } from "./answer.ts";
import type { Service } from "./quota.ts";
import type { Simulation } from "./simulation.ts";
import type { Caller } from "./tokens.ts";

export type Version = "v1.0" | "beta";

export interface GraphRequest {
  readonly method: string;
  readonly version: Version;
  /** Decoded segments after the version. */
  readonly path: readonly string[];
  readonly query: URLSearchParams;
  /** Parsed JSON; `undefined` without a body. */
  readonly body: unknown;
  readonly caller: Caller;
  /** `ConsistencyLevel: eventual`: the caller takes an index that is behind. */
  readonly eventual: boolean;
  /** `http://127.0.0.1:7071`: what the client called us, for links. */
  readonly origin: string;
  readonly now: Instant;
}

export interface Operation {
  readonly method: "GET" | "POST" | "PATCH" | "DELETE";
  readonly versions: readonly Version[];
  /** `:id` matches any segment. */
  readonly path: readonly string[];
  readonly service: Service;
  /** Before `$select` and `$top` lower it. */
  readonly resourceUnits: number;
  readonly writes: 0 | 1;
  /** Any one of them is enough. */
  readonly roles: readonly string[];
  run(tenant: Simulation, request: GraphRequest, id: string): Answer;
}

export const BOTH: readonly Version[] = ["v1.0", "beta"];
