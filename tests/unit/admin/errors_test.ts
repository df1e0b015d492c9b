import { hintText } from "../../../src/cli/command_line.ts";
import { assertEquals, assertMatch, assertNotMatch, assertRejects, assertStringIncludes } from "@std/assert";
import { admin } from "../../../src/admin/command.ts";
import { ExitError } from "../../../src/cli/command.ts";
import { run } from "../../../src/cli/run.ts";
import { settingsLookup } from "../../../src/settings/load.ts";
import { credentials, ec2Error, queryError, wire } from "../aws/wire.ts";
import { captured } from "../cli/captured.ts";
import { execute, FROM_SOURCE } from "../../support/kas.ts";

/** Runs `kas admin` with the words and an AWS endpoint. Returns the error. */
async function failure(words: string, endpoint: string): Promise<ExitError> {
  credentials();
  const env: Record<string, string> = { AWS_ENDPOINT_URL: endpoint, AWS_REGION: "eu-west-1" };
  const lookup = settingsLookup((name) => env[name], () => undefined);
  const io = { terminal: captured().terminal, signal: new AbortController().signal, lookup };
  const root = { name: "kas", summary: "kas", commands: [admin] };
  return await assertRejects(() => run(root, ["admin", ...words.split(" ")], io), ExitError);
}

/** Returns a response whose Date header differs from the clock of this machine. */
function dated(response: Response, minutes: number): Response {
  response.headers.set("date", new Date(Date.now() + minutes * 60_000).toUTCString());
  return response;
}

/** Returns an error response of CloudWatch. */
function jsonError(code: string, message: string): Response {
  return Response.json({ __type: code, message }, { status: 400 });
}

const CREATE = "instances create --image ami-1";
const QUOTAS = "aws service-quotas list-service-quotas --service-code";
const ENCODED = "Encoded authorization failure message: qUx7aB9_xyz";

/** A command, the response of AWS, and the expected result: exit status, part of the message, and parts of the hint. */
const CASES: [words: string, answer: () => Response, status: number, message: string, hint: string[]][] = [
  [
    "instances tags",
    () =>
      ec2Error("UnauthorizedOperation", `You are not authorized to perform this operation. ${ENCODED}`, 403),
    1,
    "(UnauthorizedOperation)",
    ["ec2:DescribeInstances", "kas admin iam-policy", "--verbose"],
  ],
  [
    "topics",
    () => queryError("AuthorizationError", "User: u is not authorized to perform: SNS:ListTopics", 403),
    1,
    "(AuthorizationError)",
    ["sns:ListTopics", "kas admin iam-policy"],
  ],
  [
    "balancers",
    () => queryError("AccessDenied", "User: u is not authorized", 403),
    1,
    "(AccessDenied)",
    ["elasticloadbalancing:DescribeLoadBalancers"],
  ],
  [
    "alarms",
    () => jsonError("AccessDeniedException", "User: u is not authorized"),
    1,
    "(AccessDeniedException)",
    ["cloudwatch:DescribeAlarms"],
  ],
  [
    "topics",
    () => queryError("ExpiredToken", "The security token included in the request is expired", 403),
    3,
    "(ExpiredToken)",
    ["aws sso login"],
  ],
  // The request is too old, and not the credentials.
  ["instances", () => ec2Error("RequestExpired", "Request has expired."), 3, "the request", [
    "clock",
    "proxy",
  ]],
  [
    "instances",
    () => dated(ec2Error("RequestExpired", "Request has expired."), 20),
    3,
    "20 min behind AWS's (RequestExpired)",
    ["timedatectl"],
  ],
  [
    "topics",
    () => dated(queryError("SignatureDoesNotMatch", "Signature not yet current: sEcReT", 403), -30),
    3,
    "30 min ahead of AWS's (SignatureDoesNotMatch)",
    ["timedatectl"],
  ],
  [
    "topics",
    () => queryError("SignatureDoesNotMatch", "The Canonical String should have been 'sEcReT'", 403),
    3,
    "(SignatureDoesNotMatch)",
    ["aws sts get-caller-identity", "secret access key"],
  ],
  [
    "topics",
    () => queryError("InvalidClientTokenId", "The security token included in the request is invalid.", 403),
    3,
    "(InvalidClientTokenId)",
    ["aws sts get-caller-identity", "--profile"],
  ],
  [
    "instances",
    () => ec2Error("AuthFailure", "AWS was not able to validate the provided access credentials", 401),
    3,
    "(AuthFailure)",
    ["aws sts get-caller-identity"],
  ],
  [
    "instances",
    () => ec2Error("OptInRequired", "You are not subscribed to this service.", 401),
    3,
    "(OptInRequired)",
    ["--region"],
  ],
  [
    CREATE,
    () => ec2Error("InvalidAMIID.NotFound", "The image id '[ami-1]' does not exist"),
    1,
    "The image id '[ami-1]' does not exist (InvalidAMIID.NotFound)",
    ["--image", "aws ec2 describe-images"],
  ],
  [CREATE, () => ec2Error("InvalidSubnetID.NotFound", "No subnet"), 1, "(InvalidSubnetID.NotFound)", [
    "--subnet",
    "aws ec2 describe-subnets",
  ]],
  [CREATE, () => ec2Error("InvalidGroup.NotFound", "No group"), 1, "(InvalidGroup.NotFound)", [
    "--security-group",
  ]],
  [CREATE, () => ec2Error("InvalidKeyPair.NotFound", "No key"), 1, "(InvalidKeyPair.NotFound)", [
    "--key-name",
  ]],
  [
    "instances create --launch-template t",
    () => ec2Error("InvalidLaunchTemplateName.NotFoundException", "No template"),
    1,
    "(InvalidLaunchTemplateName.NotFoundException)",
    ["--launch-template"],
  ],
  [CREATE, () => ec2Error("InvalidParameterValue", "Invalid value 'x'"), 1, "(InvalidParameterValue)", [
    "--verbose",
    "--help",
  ]],
  [CREATE, () => ec2Error("Unsupported", "Not in this zone"), 1, "(Unsupported)", ["--type", "--subnet"]],
  [CREATE, () => ec2Error("InstanceLimitExceeded", "Too many"), 1, "(InstanceLimitExceeded)", [
    `${QUOTAS} ec2`,
  ]],
  [CREATE, () => ec2Error("VcpuLimitExceeded", "Too many"), 1, "(VcpuLimitExceeded)", [
    "kas admin instances terminate",
  ]],
  [
    "balancers create web --zone eu-west-1a",
    () => queryError("TooManyLoadBalancers", "Too many"),
    1,
    "(TooManyLoadBalancers)",
    ["kas admin balancers", `${QUOTAS} elasticloadbalancing`],
  ],
  [
    "topics create web",
    () => queryError("TopicLimitExceeded", "Too many", 403),
    1,
    "(TopicLimitExceeded)",
    ["kas admin topics", `${QUOTAS} sns`],
  ],
  [
    CREATE,
    () => ec2Error("InsufficientInstanceCapacity", "No capacity", 500),
    1,
    "(InsufficientInstanceCapacity)",
    ["type", "availability zone"],
  ],
  [
    "instances",
    () => new Response("<!doctype html><h1>Sign in to the network</h1>", { status: 200 }),
    3,
    "AWS's answer is incomplete: ",
    ["--endpoint-url", "proxy"],
  ],
  ["instances", () => new Response("<h1>no</h1>", { status: 404 }), 1, "(HTTP status 404)", [
    "--endpoint-url",
  ]],
  ["instances", () => new Response("", { status: 407 }), 1, "(HTTP status 407)", ["HTTPS_PROXY"]],
];

for (const [words, answer, status, message, hint] of CASES) {
  Deno.test(`kas admin ${words} fails with status ${status} and ${message}`, async () => {
    await using server = wire(answer);
    const error = await failure(words, server.url);
    assertStringIncludes(error.message, message);
    for (const part of hint) assertStringIncludes(hintText(error.hint ?? ""), part);
    assertEquals(error.status, status);
    for (const text of [error.message, error.hint, ...error.details]) {
      assertNotMatch(hintText(text ?? ""), /sEcReT|\n/);
    }
  });
}

Deno.test("--verbose shows the AWS call, the request id and a command that decodes a denial", async () => {
  const said = `You are not authorized to perform this operation. ${ENCODED}`;
  await using server = wire(() => {
    const denial = ec2Error("UnauthorizedOperation", said, 403);
    denial.headers.set("x-amzn-requestid", "r-1");
    return denial;
  });
  assertEquals((await failure("instances tags", server.url)).details.map(hintText), [
    "AWS answered ec2:DescribeInstances with UnauthorizedOperation, HTTP status 403, request id r-1",
    "aws sts decode-authorization-message --encoded-message qUx7aB9_xyz",
  ]);
});

/** Starts a TLS server with an untrusted certificate. */
function untrusted(): Deno.HttpServer<Deno.NetAddr> {
  const read = (name: string) => Deno.readTextFileSync(new URL(`testdata/${name}`, import.meta.url));
  const pair = { cert: read("untrusted.pem"), key: read("untrusted.key") };
  return Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {}, ...pair }, () => new Response());
}

Deno.test("a connection failure leads to exit status 3, and the error contains a cause and a hint", async () => {
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
    [`http://127.0.0.1:${cutting.addr.port}`, /: the connection broke$/, /repeat/],
    ["http://nosuch.invalid", /: the host name /, /--region/],
    [`https://127.0.0.1:${tls.addr.port}`, / certificate is not trusted$/, /DENO_TLS_CA_STORE=system/],
    [plain.url.replace("http:", "https:"), / TLS$/, /http:\/\/ instead of https:\/\//],
  ];
  for (const [url, message, hint] of cases) {
    const error = await failure("instances", url);
    assertMatch(error.message, message);
    assertMatch(error.message, /^AWS is unreachable: cannot reach https?:/);
    assertMatch(hintText(error.hint ?? ""), hint);
    assertEquals(error.status, 3);
    assertMatch(error.details.join("\n"), /^because UnreachableError: .*\nbecause TypeError: /);
  }
  cutting.close();
  await cut;
});

Deno.test("the error of a proxy that requires credentials names the proxy", async () => {
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
    /^kas: AWS is unreachable: cannot reach https:.*: the proxy requires a user and a password$/,
  );
  assertMatch(hint, /^Try: set HTTPS_PROXY=/);
  // In Deno 2.9, a separate cause contains the message of the network error. In Deno 2.7, the TypeError contains this message.
  assertMatch(details.join("\n"), /^because UnreachableError: .*\nbecause TypeError: [^]*proxy auth/);
  assertEquals([code, stdout.trim()], [3, ""]);
  assertNotMatch(stderr, /sEcReT|^\s+at /m);
});
