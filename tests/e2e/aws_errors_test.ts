import { assertEquals, assertMatch, assertNotMatch } from "@std/assert";
import { startSandbox } from "../../src/sandbox/sandbox.ts";
import { type Ended, execute, FROM_SOURCE } from "../support/kas.ts";
import { FAST } from "./contract/backends.ts";

/** `kas admin …words` as a process. */
async function admin(words: readonly string[], env: Record<string, string>): Promise<Ended> {
  return await execute([...FROM_SOURCE, "admin", ...words], env);
}

/** An error as an operator sees it: what is wrong, and what to try; never a stack trace or a secret. */
function assertTold({ code, stdout, stderr }: Ended, status: number, told: RegExp): void {
  assertMatch(stderr, told);
  assertEquals([code, stdout], [status, ""]);
  assertNotMatch(stderr, /^\s+at |sEcReT/m);
}

const ACCOUNT = { AWS_REGION: "eu-west-1", AWS_ACCESS_KEY_ID: "test", AWS_SECRET_ACCESS_KEY: "sEcReT" };

Deno.test("without credentials: status 3, and where to set them", async () => {
  const ended = await admin(["instances"], {
    AWS_REGION: "eu-west-1",
    AWS_ENDPOINT_URL: "http://127.0.0.1:1",
  });
  assertTold(ended, 3, /^kas: no AWS credentials: .+\nTry: .*AWS_ACCESS_KEY_ID/);
});

Deno.test("without a region: status 3, and where to set it", async () => {
  const { AWS_REGION: _, ...env } = ACCOUNT;
  const ended = await admin(["instances"], { ...env, AWS_ENDPOINT_URL: "http://127.0.0.1:1" });
  assertTold(ended, 3, /^kas: no AWS region: .+\nTry: --region/);
});

Deno.test("with an endpoint where nobody listens: status 3, and where it looked", async () => {
  const ended = await admin(["instances"], { ...ACCOUNT, AWS_ENDPOINT_URL: freeUrl() });
  assertTold(
    ended,
    3,
    /^kas: AWS is unreachable: cannot reach http:\/\/127\.0\.0\.1:\d+: connection refused\nTry: /,
  );
});

Deno.test("with an unknown load balancer: status 4, and where to look", async () => {
  await using sandbox = await startSandbox(FAST);
  const id = sandbox.account.instances()[0]?.id ?? "";
  const ended = await admin(["balancers", "register", "nope", id], { ...sandbox.env });
  assertTold(ended, 4, /^kas: There is no load balancer nope\nTry: kas admin balancers/);
});

Deno.test("with an instance in the wrong state: status 1, in EC2's words", async () => {
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

Deno.test("with a region in AWS_DEFAULT_REGION alone: that one", async () => {
  await using sandbox = await startSandbox(FAST);
  const { AWS_REGION = "", ...env } = sandbox.env;
  const { code, stdout, stderr } = await admin(["instances", "--no-header"], {
    ...env,
    AWS_DEFAULT_REGION: AWS_REGION,
  });
  assertEquals([code, stdout.trimEnd().split("\n").length], [0, 2], stderr);
});

/** A URL on loopback where nobody listens. */
function freeUrl(): string {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return `http://127.0.0.1:${listener.addr.port}`;
}
