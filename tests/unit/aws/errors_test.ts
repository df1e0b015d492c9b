import { assertEquals } from "@std/assert";
import {
  code,
  isAccessFailure,
  isIncorrectState,
  isInsufficientCapacity,
  isNotFound,
  isThrottled,
  RegionError,
  UnreachableError,
} from "../../../src/aws/errors.ts";

/** An error as the SDK makes it: EC2's named by the code, the query services' by the shape with the code beside it. */
function awsError(name: string, message?: string, Code?: string): Error {
  const error = Object.assign(new Error(message ?? "It failed."), {
    $fault: "client",
    $metadata: { httpStatusCode: 400 },
  });
  error.name = name;
  return Code === undefined ? error : Object.assign(error, { Code });
}

const KINDS = {
  isThrottled,
  isNotFound,
  isCapacity: isInsufficientCapacity,
  isIncorrectState,
  isOutOfReach: isAccessFailure,
};

for (
  const [error, kinds] of [
    [awsError("RequestLimitExceeded"), ["isThrottled"]],
    [awsError("Throttling", "Rate exceeded", "Throttling"), ["isThrottled"]],
    [awsError("InvalidInstanceID.NotFound"), ["isNotFound"]],
    [awsError("AccessPointNotFoundException", "No balancer", "LoadBalancerNotFound"), ["isNotFound"]],
    [awsError("InvalidEndPointException", "Could not find EC2 instance i-1", "InvalidInstance"), [
      "isNotFound",
    ]],
    [awsError("NotFoundException", "Topic does not exist", "NotFound"), ["isNotFound"]],
    [awsError("ResourceNotFound"), ["isNotFound"]],
    [awsError("InsufficientInstanceCapacity"), ["isCapacity"]],
    [awsError("IncorrectInstanceState"), ["isIncorrectState"]],
    [awsError("AuthFailure"), ["isOutOfReach"]],
    [awsError("InvalidClientTokenId", "Bad token", "InvalidClientTokenId"), ["isOutOfReach"]],
    [awsError("ExpiredTokenException"), ["isOutOfReach"]],
    [Object.assign(new Error("no"), { name: "CredentialsProviderError" }), ["isOutOfReach"]],
    [new UnreachableError("no answer"), ["isOutOfReach"]],
    [new RegionError(), ["isOutOfReach"]],
    // Denied one action: others may be allowed.
    [awsError("UnauthorizedOperation"), []],
    // Waiting or another instance does not help.
    [awsError("VcpuLimitExceeded"), []],
    [new TypeError("a mistake of ours"), []],
    [undefined, []],
  ] as const
) {
  Deno.test(`${error instanceof Error ? code(error) ?? error.name : error} is ${kinds.join() || "none of the kinds"}`, () => {
    const found = Object.entries(KINDS).filter(([, is]) => is(error)).map(([name]) => name);
    assertEquals(found, [...kinds]);
  });
}

Deno.test("code() prefers the wire code to the shape's name", () => {
  assertEquals(
    code(awsError("AccessPointNotFoundException", "", "LoadBalancerNotFound")),
    "LoadBalancerNotFound",
  );
  assertEquals(code(awsError("IncorrectInstanceState")), "IncorrectInstanceState");
});

Deno.test("code() is undefined for an error that is not AWS's", () => {
  assertEquals(code(new TypeError("no")), undefined);
  assertEquals(code("text"), undefined);
});
