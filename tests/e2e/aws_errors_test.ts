import { assertEquals, assertMatch, assertNotMatch } from "@std/assert";
import { startSandbox } from "../../src/sandbox/sandbox.ts";
import { type Ended, execute, FROM_SOURCE } from "../support/kas.ts";
import { FAST } from "./contract/backends.ts";

/** Runs `kas admin` with these words as a process. */
async function admin(words: readonly string[], env: Record<string, string>): Promise<Ended> {
  return await execute([...FROM_SOURCE, "admin", ...words], env);
}

/** Asserts that the output for an error contains a hint, but no stack trace and no secret. */
function assertError({ code, stdout, stderr }: Ended, status: number, hint: RegExp): void {
  assertMatch(stderr, hint);
  assertEquals([code, stdout], [status, ""]);
  assertNotMatch(stderr, /^\s+at |sEcReT/m);
}

const ACCOUNT = { AWS_REGION: "eu-west-1", AWS_ACCESS_KEY_ID: "test", AWS_SECRET_ACCESS_KEY: "sEcReT" };

Deno.test("without credentials kas exits with status 3, and its error names the sources of credentials", async () => {
  const ended = await admin(["instances"], {
    AWS_REGION: "eu-west-1",
    AWS_ENDPOINT_URL: "http://127.0.0.1:1",
  });
  assertError(ended, 3, /^kas: .+\nTry: .*AWS_ACCESS_KEY_ID/);
});

Deno.test("without a region kas exits with status 3, and its error names the settings of a region", async () => {
  const { AWS_REGION: _, ...env } = ACCOUNT;
  const ended = await admin(["instances"], { ...env, AWS_ENDPOINT_URL: "http://127.0.0.1:1" });
  assertError(ended, 3, /^kas: .+\nTry: --region/);
});

Deno.test("with an unreachable endpoint kas exits with status 3, and its error names the endpoint", async () => {
  const ended = await admin(["instances"], { ...ACCOUNT, AWS_ENDPOINT_URL: freeUrl() });
  assertError(
    ended,
    3,
    /^kas: .*http:\/\/127\.0\.0\.1:\d+.*\nTry: /,
  );
});

Deno.test("with an unknown load balancer kas exits with status 4, and prints the command that lists load balancers", async () => {
  await using sandbox = await startSandbox(FAST);
  const id = sandbox.account.instances()[0]?.id ?? "";
  const ended = await admin(["balancers", "register", "nope", id], { ...sandbox.env });
  assertError(ended, 4, /^kas: .*\bnope\b.*\nTry: kas admin balancers/);
});

Deno.test("with an instance in the wrong state kas exits with status 1, and prints EC2's error code", async () => {
  await using sandbox = await startSandbox({ ...FAST, shutdown: 600_000 });
  const id = sandbox.account.instances().find(({ role }) => role === "base")?.id ?? "";
  assertEquals(
    (await admin(["instances", "stop", id, "--force", "--no-header"], { ...sandbox.env })).code,
    0,
  );
  const { code, stderr } = await admin(["instances", "start", id], { ...sandbox.env });
  assertMatch(stderr, /^kas: .*i-[0-9a-f]+.* \(IncorrectInstanceState\)/);
  assertEquals(code, 1);
});

Deno.test("kas uses the region of the environment variable AWS_DEFAULT_REGION", async () => {
  await using sandbox = await startSandbox(FAST);
  const { AWS_REGION = "", ...env } = sandbox.env;
  const { code, stdout, stderr } = await admin(["instances", "--no-header"], {
    ...env,
    AWS_DEFAULT_REGION: AWS_REGION,
  });
  assertEquals([code, stdout.trimEnd().split("\n").length], [0, 2], stderr);
});

/** A URL on loopback without a server. */
function freeUrl(): string {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return `http://127.0.0.1:${listener.addr.port}`;
}
