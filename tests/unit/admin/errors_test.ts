import { assertEquals, assertMatch, assertNotMatch, assertRejects } from "@std/assert";
import { admin } from "../../../src/admin/command.ts";
import { ExitError } from "../../../src/cli/command.ts";
import { run } from "../../../src/cli/run.ts";
import { settingsLookup } from "../../../src/settings/load.ts";
import { credentials, ec2Error, queryError, wire } from "../aws/wire.ts";
import { captured } from "../cli/captured.ts";
import { execute, FROM_SOURCE } from "../../support/kas.ts";

/** What `kas admin …words` ends with where AWS is at an address. */
async function failure(words: string, endpoint: string): Promise<ExitError> {
  credentials();
  const env: Record<string, string> = { AWS_ENDPOINT_URL: endpoint, AWS_REGION: "eu-west-1" };
  const lookup = settingsLookup((name) => env[name], () => undefined);
  const io = { terminal: captured().terminal, signal: new AbortController().signal, lookup };
  const root = { name: "kas", summary: "kas", commands: [admin] };
  return await assertRejects(() => run(root, ["admin", ...words.split(" ")], io), ExitError);
}

/** An answer with a date of AWS's own. */
function dated(response: Response, minutes: number): Response {
  response.headers.set("date", new Date(Date.now() + minutes * 60_000).toUTCString());
  return response;
}

/** An error of CloudWatch's. */
function jsonError(code: string, message: string): Response {
  return Response.json({ __type: code, message }, { status: 400 });
}

const CREATE = "instances create --image ami-1";
const QUOTAS = "aws service-quotas list-service-quotas --service-code";
const ENCODED = "Encoded authorization failure message: qUx7aB9_xyz";

/** What AWS answers to a command, and what the operator is told: status, message, hint. */
const CASES: [words: string, answer: () => Response, status: number, message: RegExp, hint: RegExp][] = [
  [
    "instances tags",
    () =>
      ec2Error("UnauthorizedOperation", `You are not authorized to perform this operation. ${ENCODED}`, 403),
    1,
    /^You are not authorized to perform this operation \(UnauthorizedOperation\)$/,
    /^allow ec2:DescribeInstances; kas admin iam-policy .*--verbose/,
  ],
  [
    "topics",
    () => queryError("AuthorizationError", "User: u is not authorized to perform: SNS:ListTopics", 403),
    1,
    /SNS:ListTopics \(AuthorizationError\)$/,
    /^allow sns:ListTopics; kas admin iam-policy/,
  ],
  [
    "balancers",
    () => queryError("AccessDenied", "User: u is not authorized", 403),
    1,
    /\(AccessDenied\)$/,
    /^allow elasticloadbalancing:DescribeLoadBalancers; /,
  ],
  [
    "alarms",
    () => jsonError("AccessDeniedException", "User: u is not authorized"),
    1,
    /\(AccessDeniedException\)$/,
    /^allow cloudwatch:DescribeAlarms; /,
  ],
  [
    "topics",
    () => queryError("ExpiredToken", "The security token included in the request is expired", 403),
    3,
    /^the AWS credentials have expired \(ExpiredToken\)$/,
    /^renew them, with aws sso login/,
  ],
  [
    "instances",
    () => ec2Error("RequestExpired", "Request has expired."),
    3,
    /^the AWS credentials have expired \(RequestExpired\)$/,
    /aws sso login/,
  ],
  [
    "instances",
    () => dated(ec2Error("RequestExpired", "Request has expired."), 20),
    3,
    /^this machine's clock is 20 min behind AWS's \(RequestExpired\)$/,
    /^set it, with timedatectl/,
  ],
  [
    "topics",
    () => dated(queryError("SignatureDoesNotMatch", "Signature not yet current: sEcReT", 403), -30),
    3,
    /^this machine's clock is 30 min ahead of AWS's \(SignatureDoesNotMatch\)$/,
    /timedatectl/,
  ],
  [
    "topics",
    () => queryError("SignatureDoesNotMatch", "The Canonical String should have been 'sEcReT'", 403),
    3,
    /^AWS refused the credentials \(SignatureDoesNotMatch\)$/,
    /^aws sts get-caller-identity; the secret access key does not fit/,
  ],
  [
    "topics",
    () => queryError("InvalidClientTokenId", "The security token included in the request is invalid.", 403),
    3,
    /^AWS refused the credentials \(InvalidClientTokenId\)$/,
    /^aws sts get-caller-identity; choose another --profile/,
  ],
  [
    "instances",
    () => ec2Error("AuthFailure", "AWS was not able to validate the provided access credentials", 401),
    3,
    /^AWS refused the credentials \(AuthFailure\)$/,
    /get-caller-identity/,
  ],
  [
    "instances",
    () => ec2Error("OptInRequired", "You are not subscribed to this service.", 401),
    3,
    /^the AWS account is not signed up for this service or region \(OptInRequired\)$/,
    /--region/,
  ],
  [
    "instances",
    () => ec2Error("RequestLimitExceeded", "Request limit exceeded.", 503),
    1,
    /^Request limit exceeded \(RequestLimitExceeded\)$/,
    /^again in a minute/,
  ],
  [
    "topics",
    () => queryError("Throttling", "Rate exceeded"),
    1,
    /^Rate exceeded \(Throttling\)$/,
    /^again in a minute/,
  ],
  [
    CREATE,
    () => ec2Error("InvalidAMIID.NotFound", "The image id '[ami-1]' does not exist"),
    1,
    /^The image id '\[ami-1\]' does not exist \(InvalidAMIID\.NotFound\)$/,
    /^an --image of this region: aws ec2 describe-images/,
  ],
  [
    CREATE,
    () => ec2Error("InvalidSubnetID.NotFound", "No subnet"),
    1,
    /InvalidSubnetID/,
    /^a --subnet .*describe-subnets$/,
  ],
  [CREATE, () => ec2Error("InvalidGroup.NotFound", "No group"), 1, /InvalidGroup/, /^a --security-group /],
  [CREATE, () => ec2Error("InvalidKeyPair.NotFound", "No key"), 1, /InvalidKeyPair/, /^a --key-name /],
  [
    "instances create --launch-template t",
    () => ec2Error("InvalidLaunchTemplateName.NotFoundException", "No template"),
    1,
    /InvalidLaunchTemplateName/,
    /^a --launch-template /,
  ],
  [
    CREATE,
    () => ec2Error("InvalidParameterValue", "Invalid value 'x'"),
    1,
    /InvalidParameterValue/,
    /^--verbose tells/,
  ],
  [
    CREATE,
    () => ec2Error("Unsupported", "Not in this zone"),
    1,
    /Unsupported/,
    /^another --type, or a --subnet/,
  ],
  [
    CREATE,
    () => ec2Error("InstanceLimitExceeded", "Too many"),
    1,
    /InstanceLimitExceeded/,
    new RegExp(`${QUOTAS} ec2$`),
  ],
  [
    CREATE,
    () => ec2Error("VcpuLimitExceeded", "Too many"),
    1,
    /VcpuLimitExceeded/,
    /^kas admin instances terminate/,
  ],
  [
    "balancers create web --zone eu-west-1a",
    () => queryError("TooManyLoadBalancers", "Too many"),
    1,
    /TooManyLoadBalancers/,
    new RegExp(`^kas admin balancers lists them; ${QUOTAS} elasticloadbalancing$`),
  ],
  [
    "topics create web",
    () => queryError("TopicLimitExceeded", "Too many", 403),
    1,
    /TopicLimitExceeded/,
    / sns$/,
  ],
  [
    CREATE,
    () => ec2Error("InsufficientInstanceCapacity", "No capacity", 500),
    1,
    /InsufficientInstanceCapacity/,
    /^another instance, type or availability zone/,
  ],
  [
    "instances",
    () => new Response("<!doctype html><h1>Sign in to the network</h1>", { status: 200 }),
    3,
    /^AWS is out of reach: /,
    /./,
  ],
  [
    "instances",
    () => new Response("<h1>no</h1>", { status: 404 }),
    1,
    /not AWS's \(HTTP status 404\)$/,
    /--endpoint-url/,
  ],
  [
    "instances",
    () => new Response("", { status: 407 }),
    1,
    /^the proxy wants a user and a password/,
    /^set HTTPS_PROXY/,
  ],
];

for (const [words, answer, status, message, hint] of CASES) {
  Deno.test(`kas admin ${words}, told ${message.source}: status ${status}, and what mends it`, async () => {
    await using server = wire(answer);
    const error = await failure(words, server.url);
    assertMatch(error.message, message);
    assertMatch(error.hint ?? "", hint);
    assertEquals(error.status, status);
    for (const text of [error.message, error.hint, ...error.details]) assertNotMatch(text ?? "", /sEcReT|\n/);
  });
}

Deno.test("--verbose tells the call, the request id and how to decode a denial", async () => {
  const said = `You are not authorized to perform this operation. ${ENCODED}`;
  await using server = wire(() => {
    const denial = ec2Error("UnauthorizedOperation", said, 403);
    denial.headers.set("x-amzn-requestid", "r-1");
    return denial;
  });
  assertEquals((await failure("instances tags", server.url)).details, [
    "AWS answered ec2:DescribeInstances with UnauthorizedOperation, HTTP status 403, request id r-1",
    "aws sts decode-authorization-message --encoded-message qUx7aB9_xyz",
  ]);
});

/** A server that talks TLS with a certificate that nobody trusts. */
function untrusted(): Deno.HttpServer<Deno.NetAddr> {
  const read = (name: string) => Deno.readTextFileSync(new URL(`testdata/${name}`, import.meta.url));
  const pair = { cert: read("untrusted.pem"), key: read("untrusted.key") };
  return Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {}, ...pair }, () => new Response());
}

Deno.test("whatever breaks on the way to AWS has status 3, its name, and what mends it", async () => {
  await using plain = wire(() => new Response());
  await using tls = untrusted();
  const closed = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  closed.close();
  using cutting = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const cut = (async () => {
    for await (const connection of cutting) {
      await connection.read(new Uint8Array(1));
      connection.close();
    }
  })();
  const cases: [string, RegExp, RegExp][] = [
    [`http://127.0.0.1:${closed.addr.port}`, /: connection refused$/, /--endpoint-url.*HTTPS_PROXY/],
    [`http://127.0.0.1:${cutting.addr.port}`, /: the connection broke$/, /may have been done/],
    ["http://nosuch.invalid", /: its name cannot be resolved$/, /misspelling/],
    [
      `https://127.0.0.1:${tls.addr.port}`,
      /: its TLS certificate is not trusted$/,
      /DENO_TLS_CA_STORE=system/,
    ],
    [plain.url.replace("http:", "https:"), /: it does not speak TLS$/, /http:\/\/ instead of https:\/\//],
  ];
  for (const [url, message, hint] of cases) {
    const error = await failure("instances", url);
    assertMatch(error.message, message);
    assertMatch(error.message, /^AWS is out of reach: cannot reach https?:/);
    assertMatch(error.hint ?? "", hint);
    assertEquals(error.status, 3);
    assertMatch(error.details.join("\n"), /^because UnreachableError: .*\nbecause TypeError: /);
  }
  cutting.close();
  await cut;
});

Deno.test("a proxy that wants to know who asks is told so, by the process as an operator sees it", async () => {
  await using proxy = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    () => new Response("", { status: 407 }),
  );
  const { code, stdout, stderr } = await execute([...FROM_SOURCE, "admin", "instances", "--verbose"], {
    AWS_REGION: "eu-west-1",
    AWS_ACCESS_KEY_ID: "test",
    AWS_SECRET_ACCESS_KEY: "sEcReT",
    HTTPS_PROXY: `http://127.0.0.1:${proxy.addr.port}`,
  });
  const [message = "", hint = "", ...details] = stderr.trimEnd().split("\n");
  assertMatch(
    message,
    /^kas: AWS is out of reach: cannot reach https:.*: the proxy wants a user and a password$/,
  );
  assertMatch(hint, /^Try: HTTPS_PROXY=/);
  // Down to what the network said, a cause of its own in Deno 2.9, in the TypeError in 2.7.
  assertMatch(details.join("\n"), /^because UnreachableError: .*\nbecause TypeError: [^]*proxy auth/);
  assertEquals([code, stdout.trim()], [3, ""]);
  assertNotMatch(stderr, /sEcReT|^\s+at /m);
});
