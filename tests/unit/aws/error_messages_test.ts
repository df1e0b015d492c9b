import { assertEquals, assertMatch, assertNotMatch } from "@std/assert";
import { describeError } from "../../../src/aws/error_messages.ts";

/** An error as the SDK makes it: EC2's named by the code, the query services' by the shape with the code beside it. */
function awsError(name: string, message?: string, Code?: string): Error {
  const error = Object.assign(new Error(message ?? "It failed."), {
    $fault: "client",
    $metadata: { httpStatusCode: 400 },
  });
  error.name = name;
  return Code === undefined ? error : Object.assign(error, { Code });
}

Deno.test("explain() says what AWS said in one line, with the code and what mends it", () => {
  const error = awsError(
    "IncorrectInstanceState",
    "The instance 'i-1' is not in a state\n from which it can be started.",
  );
  assertEquals(describeError(error), {
    message: "The instance 'i-1' is not in a state from which it can be started (IncorrectInstanceState)",
    hint: "kas admin instances shows its state; wait until it has settled",
  });
});

Deno.test("explain() drops the encoded message of a denial, and points to the policy", () => {
  const said =
    "You are not authorized to perform: ec2:StartInstances. Encoded authorization failure message: qUx7aB9";
  assertEquals(describeError(awsError("UnauthorizedOperation", said)), {
    message: "You are not authorized to perform: ec2:StartInstances (UnauthorizedOperation)",
    hint: "kas admin iam-policy prints the policy that is needed, --verbose how to decode the reason",
  });
});

Deno.test("explain() never quotes the signed request", () => {
  const said =
    "The request signature does not match. The Canonical String was 'x-amz-security-token:FwoSECRET'";
  for (const name of ["SignatureDoesNotMatch", "ExpiredToken", "InvalidSignatureException"]) {
    const { message } = describeError(awsError(name, said));
    assertNotMatch(message, /SECRET|Canonical/);
    assertMatch(message, new RegExp(name));
  }
});

Deno.test("explain() tells an empty credential chain from a provider that failed", () => {
  const failed = (message: string) =>
    describeError(Object.assign(new Error(message), { name: "CredentialsProviderError" })).message;
  assertEquals(
    failed("Could not load credentials from any providers"),
    "no AWS credentials: none were found in the environment, the profile or the instance's role",
  );
  assertEquals(
    failed("Could not resolve credentials using profile: [nosuch] in configuration/credentials file(s)."),
    "no AWS credentials: Could not resolve credentials using profile: [nosuch] in configuration/credentials file(s)",
  );
});

Deno.test("explain() keeps to one line of bearable length", () => {
  const { message } = describeError(awsError("ValidationError", "a\tb\n".repeat(1_000)));
  assertEquals(message.includes("\n"), false);
  assertEquals(message.length <= 320, true);
});
