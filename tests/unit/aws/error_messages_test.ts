import { assertEquals, assertMatch, assertNotMatch, assertStringIncludes } from "@std/assert";
import { describeError } from "../../../src/aws/error_messages.ts";
import { setOperation } from "../../../src/aws/errors.ts";
import { sdkError } from "./sdk_error.ts";

Deno.test("describeError() returns one line with AWS's message and error code, and a hint", () => {
  const error = sdkError(
    "IncorrectInstanceState",
    "The instance 'i-1' is not in a state\n from which it can be started.",
  );
  assertEquals(describeError(error), {
    message: "The instance 'i-1' is not in a state from which it can be started (IncorrectInstanceState)",
    hint: "wait until the instance's state no longer changes; kas admin instances shows it",
  });
});

Deno.test("describeError() advises to repeat a call that AWS throttles", () => {
  for (const name of ["RequestLimitExceeded", "Throttling"]) {
    const { message, hint } = describeError(sdkError(name, "Rate exceeded"));
    assertEquals(message, `Rate exceeded (${name})`);
    assertStringIncludes(hint ?? "", "minute");
  }
});

Deno.test("describeError() omits the encoded reason of a denial", () => {
  const said =
    "You are not authorized to perform: ec2:StartInstances. Encoded authorization failure message: qUx7aB9";
  const { message, hint } = describeError(sdkError("UnauthorizedOperation", said));
  assertEquals(message, "You are not authorized to perform: ec2:StartInstances (UnauthorizedOperation)");
  assertMatch(hint ?? "", /kas admin iam-policy.*--verbose/);
});

Deno.test("describeError() does not quote the signed request", () => {
  const said =
    "The request signature does not match. The Canonical String was 'x-amz-security-token:FwoSECRET'";
  for (const name of ["SignatureDoesNotMatch", "ExpiredToken", "InvalidSignatureException"]) {
    const { message } = describeError(sdkError(name, said));
    assertNotMatch(message, /SECRET|Canonical/);
    assertMatch(message, new RegExp(name));
  }
});

Deno.test("describeError() quotes a credential provider that failed, but not an empty credential chain", () => {
  const failed = (message: string) =>
    describeError(Object.assign(new Error(message), { name: "CredentialsProviderError" })).message;
  const empty = "Could not load credentials from any providers";
  assertNotMatch(failed(empty), /any providers/);
  const profile =
    "Could not resolve credentials using profile: [nosuch] in configuration/credentials file(s)";
  assertStringIncludes(failed(`${profile}.`), profile);
});

Deno.test("describeError() returns one line of at most 320 characters", () => {
  const { message } = describeError(sdkError("ValidationError", "a\tb\n".repeat(1_000)));
  assertEquals(message.includes("\n"), false);
  assertEquals(message.length <= 320, true);
});

for (
  const [code, operation, hint] of [
    ["UnsupportedOperation", "ec2:StopInstances", /Spot.*instance-store/],
    ["UnsupportedOperation", "ec2:RunInstances", /--type/],
    ["UnsupportedOperation", "ec2:StartInstances", undefined],
    ["OperationNotPermitted", "ec2:TerminateInstances", /protection/],
    ["OperationNotPermitted", "ec2:RunInstances", undefined],
    ["InvalidSubnetID.NotFound", "ec2:RunInstances", /--subnet/],
    ["InvalidParameter", "sns:CreateTopic", /--verbose/],
    // The operator gave no subnet.
    ["InvalidSubnet", "elasticloadbalancing:CreateLoadBalancer", /--verbose/],
  ] as const
) {
  Deno.test(`describeError() has ${hint === undefined ? "no hint" : "a hint"} for ${code} that fits the operation ${operation}`, () => {
    const error = sdkError(code, "no");
    setOperation(error, operation);
    const found = describeError(error).hint;
    if (hint === undefined) assertEquals(found, undefined);
    else assertMatch(found ?? "", hint);
  });
}
