// What stays on the wall wherever virtual time is: tokens, locks, the SDKs' own clocks. docs/EMBEDDED.md lists the numbers.
import { createConnection, createServer } from "node:net";
import type { AddressInfo, Server } from "node:net";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import type { Tenant } from "../../../apps/local/tenant/tenant.ts";
import { startTenant } from "../../../apps/local/tenant/tenant.ts";
import { openGraphClient } from "../../../shared/azure/graph-client.ts";
import { deriveGuid } from "../../../shared/domain/hash.ts";
import { until } from "../until.ts";
import { buildChildren } from "./built-children.ts";
import type { BuiltChildren } from "./built-children.ts";
import { EMPTY_TENANT, removeFolders, startUnderTest } from "./supervisor-under-test.ts";
import type { Changes, SupervisorUnderTest } from "./supervisor-under-test.ts";

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
const SPANS = [-300 * DAY, 0, 40 * DAY];
/** Between two looks at one clock, on a machine that has other things to do. */
const NEAR_MS = 10_000;

describe("clock 13: tokens live by the wall", () => {
  const HEADER = "the identity header";
  const reader = deriveGuid("wall-time/reader");
  const virtual = { span: 0 };
  let tenant: Tenant;
  afterEach(() => tenant.close());

  async function start(tokenLifetimeS: number, span: number): Promise<void> {
    virtual.span = span;
    tenant = await startTenant({
      clock: { now: () => Date.now() + virtual.span },
      ...EMPTY_TENANT,
      dataDir: null,
      port: 0,
      identityHeader: HEADER,
      identities: [{ clientId: reader, roles: ["User.Read.All"] }],
      knobs: { tokenLifetimeS },
    });
    Object.assign(process.env, { IDENTITY_ENDPOINT: tenant.identityEndpoint, IDENTITY_HEADER: HEADER });
  }

  const issued = z.object({ access_token: z.string(), expires_on: z.string() });
  async function fetchToken(): Promise<z.infer<typeof issued>> {
    const url = `${tenant.identityEndpoint}?resource=https://graph.microsoft.com&client_id=${reader}`;
    const answer = await fetch(url, { headers: { "x-identity-header": HEADER } });
    return issued.parse(await answer.json());
  }

  async function use(token: string): Promise<number> {
    const answer = await fetch(`${tenant.url}/v1.0/users?$top=1`, { headers: { authorization: `Bearer ${token}` } });
    await answer.arrayBuffer();
    return answer.status;
  }

  it("the app asks once a token's life, at any offset and over any jump", async () => {
    // The app and the SDK take a token for old five minutes before its end. This one is young for three seconds, or for two as its
    // end is told in whole ones.
    await start(5 * 60 + 3, SPANS[0] ?? 0);
    const counts = { count: () => undefined, record: null };
    const client = await openGraphClient(tenant.url, reader, counts, { now: () => Date.now() + virtual.span });
    const ask = async (): Promise<number> => {
      expect(await client.call("GET", "/v1.0/users?$top=1")).toMatchObject({ status: 200 });
      return tenant.stats().tokens;
    };
    const began = performance.now();
    const lives = (): number => 1 + Math.floor((performance.now() - began) / 2_000);

    for (const span of SPANS) {
      virtual.span = span;
      for (let call = 0; call < 5; call++) await ask();
      expect(tenant.stats().tokens).toBeLessThanOrEqual(lives());
      const before = tenant.stats().tokens;
      await until("its life on the wall is over", ask, (tokens) => tokens > before);
      expect(tenant.stats().tokens).toBeLessThanOrEqual(lives());
    }
  });

  it.each([-300, 0, 40])(
    "a token issued %i days from the wall says its end on the wall, and is refused after it",
    async (days) => {
      const lifeMs = 3_000;
      await start(lifeMs / 1_000, days * DAY);
      const token = await fetchToken();

      const claims = z.object({ exp: z.number(), iat: z.number() });
      const text = Buffer.from(token.access_token.split(".")[1] ?? "", "base64url").toString();
      const { exp, iat } = claims.parse(JSON.parse(text));
      expect(Math.abs(exp * 1_000 - Date.now())).toBeLessThan(NEAR_MS);
      expect(token.expires_on).toBe(String(exp));
      expect(exp - iat).toBe(lifeMs / 1_000);

      // However far virtual time jumps, it is good for as long as the wall says.
      virtual.span += 21 * DAY;
      const first = await use(token.access_token);
      expect(Date.now() < exp * 1_000 ? first : 200).toBe(200);
      const status = await until(
        "it is refused",
        () => use(token.access_token),
        (code) => code !== 200,
      );
      expect(status).toBe(401);
      expect(Date.now()).toBeGreaterThanOrEqual(exp * 1_000);
      expect(await use((await fetchToken()).access_token)).toBe(200);
    },
  );
});

describe("hosts at any offset", () => {
  let children: BuiltChildren;
  let running: SupervisorUnderTest[] = [];
  let wires: Wire[] = [];
  beforeAll(async () => {
    children = await buildChildren();
  });
  afterAll(() => children.remove());
  afterEach(async () => {
    await Promise.all(running.map((one) => one.stop()));
    for (const { server } of wires) server.close();
    [running, wires] = [[], []];
    removeFolders();
  });

  async function start(changes: Changes): Promise<SupervisorUnderTest & { readonly wire: Wire }> {
    const wire = await openWire();
    wires.push(wire);
    const started = await startUnderTest(children, {
      instances: 1,
      ...changes,
      settings: ({ broker }) => {
        wire.target = broker.port;
        return {
          BUS: broker.connectionString.replace(`:${broker.port}`, `:${wire.port}`),
          HOURLY_SCHEDULE: "0 0 0 1 1 *",
          "AzureWebJobs.unsettled.Disabled": "true",
        };
      },
    });
    running.push(started);
    started.supervisor.run();
    return { ...started, wire };
  }

  it("host 24, clock 13: the host's clock is virtual; its Date, its signatures and all locks are the wall's", async () => {
    const lockMs = 45_000;
    const queues = ["work", "unsettled"].map((name) => ({ name, lockMs, maxDeliveryCount: 10 }));
    for (const span of SPANS) {
      const begun = Date.now();
      const { client, waitFor, lines, wire } = await start({ queues, start: begun + span, speed: { kind: "wall" } });
      for (const queue of ["work", "unsettled"]) await client.createSender(queue).sendMessages({ body: 1 });

      const [worked] = await waitFor("worked");
      expectNear((worked?.at ?? 0) - (worked?.wall ?? 0), span);
      expect(worked?.wall).toBeGreaterThanOrEqual(begun);
      expect(worked?.wall).toBeLessThanOrEqual(Date.now());
      const logged = lines.flatMap((line) => /^{"time":"([^"]+)"/.exec(line)?.[1] ?? []);
      expect(logged.length).toBeGreaterThan(2);
      for (const time of logged) expectNear(Date.parse(time), Date.now() + span);

      const [message] = await client.createReceiver("unsettled").receiveMessages(1);
      expectNear(message?.lockedUntilUtc?.getTime(), Date.now() + lockMs);
      expectNear(message?.enqueuedTimeUtc?.getTime(), Date.now() + span);

      // The SDK signs for an hour of its own Date.
      expect(wire.signedUntil().length).toBeGreaterThan(0);
      for (const until of wire.signedUntil()) expectNear(until, Date.now() + 60 * MINUTE);
    }
  });

  it("host 24: weeks that jump by renew no signature, close no connection, and the next message comes at once", async () => {
    const runtime = await start({});
    const { supervisor, client, wire, waitFor, jumps } = runtime;
    await client.createSender("work").sendMessages({ body: 1 });
    await waitFor("worked");
    const [signatures, connections, from] = [wire.signedUntil().length, wire.connections(), supervisor.now()];

    await until(
      "four weeks",
      () => supervisor.now(),
      (now) => now > from + 28 * DAY,
      40_000,
    );

    expect(jumps().length).toBeGreaterThan(100);
    expect([wire.signedUntil().length, wire.connections()]).toEqual([signatures, connections]);
    await client.createSender("work").sendMessages({ body: 2 });
    await waitFor("worked", 2);
    expect([wire.signedUntil().length, wire.connections()]).toEqual([signatures, connections]);
  });
});

function expectNear(at: number | undefined, wanted: number): void {
  expect(Math.abs((at ?? Number.NaN) - wanted)).toBeLessThan(NEAR_MS);
}

/** Between a host and the broker, reading along: which signatures the SDK makes, and how often it connects. */
interface Wire {
  readonly server: Server;
  readonly port: number;
  target: number;
  /** Instants until which the signatures hold that have passed. */
  signedUntil(): number[];
  connections(): number;
}

async function openWire(): Promise<Wire> {
  let [said, connections] = ["", 0];
  const wire = { target: 0 };
  const server = createServer((near) => {
    connections++;
    const far = createConnection(wire.target, "127.0.0.1");
    near.on("data", (bytes: Buffer) => (said += bytes.toString("latin1")));
    near.pipe(far).pipe(near);
    for (const socket of [near, far]) socket.on("error", () => undefined);
    near.on("close", () => far.destroy());
    far.on("close", () => near.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return Object.assign(wire, {
    server,
    port: portOf(server.address()),
    signedUntil: () => [...said.matchAll(/SharedAccessSignature [^ ]*?&se=(\d+)/g)].map(([, s]) => Number(s) * 1_000),
    connections: () => connections,
  });
}

function portOf(address: AddressInfo | string | null): number {
  if (address === null || typeof address === "string") throw new Error("the wire has no port");
  return address.port;
}
