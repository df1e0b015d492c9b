import { assert, assertEquals, assertMatch, assertNotMatch, assertRejects } from "@std/assert";
import { describeError } from "../../../src/aws/error_messages.ts";
import { CredentialsError, isAccessFailure, isDenied } from "../../../src/aws/errors.ts";
import { credentialSource, type ExpiringCredentials } from "../../../src/aws/sdk/credentials.ts";
import { execute } from "../../support/kas.ts";
import { sdkError } from "./sdk_error.ts";

const START = Date.UTC(2026, 10, 23, 12);
const MINUTE = 60_000;

/** Credentials that expire some ms after START. */
const expiring = (ms: number) => ({ id: `${ms}`, expiration: new Date(START + ms) });

/**
 * Creates a source of credentials with a clock that the test sets. Each attempt has its own behaviour; the last
 * behaviour repeats.
 */
function source<C extends ExpiringCredentials>(...attempts: readonly (() => Promise<C>)[]) {
  const state = { passed: 0, attempts: 0, created: 0 };
  const clock = { now: () => START + state.passed, elapsed: () => state.passed };
  const get = credentialSource(() => {
    state.created++;
    return () => (attempts[state.attempts++] ?? attempts.at(-1) ?? never)();
  }, { timeLimit: 20, clock });
  return { state, get };
}

const never = () => new Promise<never>(() => {});
const out = () => Promise.reject(new Error("the metadata service is out"));

for (const [what, failing] of [["fails", out], ["does not answer", never]] as const) {
  Deno.test(`kas uses credentials that are still valid while their source ${what}`, async () => {
    const { state, get } = source(() => Promise.resolve(expiring(5 * MINUTE)), failing);
    await get();
    state.passed = 5 * MINUTE - 1;
    assertEquals((await get()).id, `${5 * MINUTE}`);
    state.passed = 5 * MINUTE;
    const error = await assertRejects(() => get(), CredentialsError);
    assert(isAccessFailure(error));
  });
}

Deno.test("after a failure, kas does not query a credential source for ten seconds while the credentials are valid", async () => {
  const { state, get } = source(
    () => Promise.resolve(expiring(5 * MINUTE)),
    out,
    () => Promise.resolve(expiring(60 * MINUTE)),
  );
  await get();
  for (state.passed = MINUTE; state.passed < MINUTE + 10_000; state.passed += 1_000) {
    assertEquals((await get()).id, `${5 * MINUTE}`);
  }
  assertEquals(state.attempts, 2);
  assertEquals((await get()).id, `${60 * MINUTE}`);
});

Deno.test("kas replaces a credential source that hangs, and finds credentials when the source answers again", async () => {
  const { state, get } = source(never, () => Promise.resolve(expiring(MINUTE)));
  await assertRejects(() => get(), CredentialsError, "did not answer");
  assertEquals((await get()).id, `${MINUTE}`);
  assertEquals(state.created, 2);
});

Deno.test("kas finds credentials again after the SDK's credential chain hung", async () => {
  // The test runs this in another process, because all tests of this process share the environment variables.
  const from = (path: string) => JSON.stringify(new URL(`../../../src/aws/${path}`, import.meta.url).href);
  const script = `
    import { connect } from ${from("clients.ts")};
    import { fleetInstances } from ${from("ec2/instances.ts")};
    let requests = 0;
    const serve = (handler) => Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, handler).addr.port;
    const source = serve(() => {
      if (++requests === 1) return new Promise(() => {});
      return Response.json({ AccessKeyId: "A", SecretAccessKey: "s", Token: "t",
        Expiration: new Date(Date.now() + 3_600_000).toISOString() });
    });
    const ec2 = serve(() => new Response("<DescribeInstancesResponse><reservationSet/></DescribeInstancesResponse>"));
    Deno.env.set("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1:" + source);
    const aws = connect({ region: "eu-west-1", endpointUrl: "http://127.0.0.1:" + ec2, timeLimit: 500 });
    const list = () => Array.fromAsync(fleetInstances(aws, { fleet: "kas" })).then(() => "ok", (error) => error.name);
    console.log(await list(), await list());
    Deno.exit();`;
  const { stdout, stderr } = await execute([Deno.execPath(), "eval", "--quiet", script], {
    AWS_ACCESS_KEY_ID: "",
    AWS_SECRET_ACCESS_KEY: "",
  });
  assertEquals(stdout, "CredentialsError ok\n", stderr);
});

Deno.test("an error of STS is reported as an error of the credentials, and not of the call that needs the credentials", async () => {
  const message = "User: arn:aws:iam::1:user/o is not authorized to perform: sts:AssumeRole on resource: r";
  const { get } = source(() => Promise.reject(sdkError("AccessDenied", message)));
  const error = await assertRejects(() => get(), CredentialsError);
  assert(isAccessFailure(error) && !isDenied(error));
  const { message: text, hint } = describeError(error);
  assertMatch(text, /^no AWS credentials: .*sts:AssumeRole.*\(AccessDenied\)/);
  assertMatch(hint ?? "", /allow sts:AssumeRole .*trust policy/);
  assertNotMatch(hint ?? "", /iam-policy/);
});

for (
  const [what, cause, message, hint] of [
    [
      "that expired",
      sdkError("ExpiredToken", "The token SECRET has expired"),
      /expired \(ExpiredToken\)/,
      /renew/,
    ],
    [
      "that STS rejects",
      sdkError("InvalidClientTokenId", "The token is invalid"),
      /InvalidClientTokenId/,
      /access key/,
    ],
    [
      "of a profile with MFA",
      new Error("Profile mfa requires multi-factor authentication, but no MFA code callback was provided."),
      /multi-factor/,
      /export-credentials/,
    ],
    [
      "of an SSO session that ended",
      new Error("The SSO session associated with this profile has expired."),
      /SSO session/,
      /aws sso login/,
    ],
  ] as const
) {
  Deno.test(`describeError() of credentials ${what} names the cause and the remedy`, async () => {
    const { get } = source(() => Promise.reject(cause));
    const found = describeError(await assertRejects(() => get(), CredentialsError));
    assertMatch(found.message, message);
    assertNotMatch(found.message, /SECRET/);
    assertMatch(found.hint ?? "", hint);
  });
}

Deno.test("describeError() of a credential source that does not answer does not name the network as the cause", async () => {
  const { get } = source(never);
  const { message, hint } = describeError(await assertRejects(() => get()));
  assertMatch(message, /^no AWS credentials: .*within/);
  assertMatch(hint ?? "", /export-credentials/);
});
