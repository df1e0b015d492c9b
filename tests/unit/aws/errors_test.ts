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
import { sdkError } from "./sdk_error.ts";

const KINDS = {
  isThrottled,
  isNotFound,
  isCapacity: isInsufficientCapacity,
  isIncorrectState,
  isOutOfReach: isAccessFailure,
};

for (
  const [error, kinds] of [
    [sdkError("RequestLimitExceeded"), ["isThrottled"]],
    [sdkError("Throttling", "Rate exceeded", "Throttling"), ["isThrottled"]],
    [sdkError("InvalidInstanceID.NotFound"), ["isNotFound"]],
    [sdkError("AccessPointNotFoundException", "No balancer", "LoadBalancerNotFound"), ["isNotFound"]],
    [sdkError("InvalidEndPointException", "Could not find EC2 instance i-1", "InvalidInstance"), [
      "isNotFound",
    ]],
    [sdkError("NotFoundException", "Topic does not exist", "NotFound"), ["isNotFound"]],
    [sdkError("ResourceNotFound"), ["isNotFound"]],
    [sdkError("InsufficientInstanceCapacity"), ["isCapacity"]],
    [sdkError("IncorrectInstanceState"), ["isIncorrectState"]],
    [sdkError("AuthFailure"), ["isOutOfReach"]],
    [sdkError("InvalidClientTokenId", "Bad token", "InvalidClientTokenId"), ["isOutOfReach"]],
    [sdkError("ExpiredTokenException"), ["isOutOfReach"]],
    [Object.assign(new Error("no"), { name: "CredentialsProviderError" }), ["isOutOfReach"]],
    [new UnreachableError("no answer"), ["isOutOfReach"]],
    [new RegionError(), ["isOutOfReach"]],
    // Other operations may be allowed.
    [sdkError("UnauthorizedOperation"), []],
    // Neither waiting nor another instance helps.
    [sdkError("VcpuLimitExceeded"), []],
    [new TypeError("a bug"), []],
    [undefined, []],
  ] as const
) {
  Deno.test(`for the error ${error instanceof Error ? code(error) ?? error.name : error}, ${kinds.join() || "no predicate"} returns true`, () => {
    const found = Object.entries(KINDS).filter(([, is]) => is(error)).map(([name]) => name);
    assertEquals(found, [...kinds]);
  });
}

Deno.test("code() returns the error code in the response rather than the name of the error", () => {
  assertEquals(
    code(sdkError("AccessPointNotFoundException", "", "LoadBalancerNotFound")),
    "LoadBalancerNotFound",
  );
  assertEquals(code(sdkError("IncorrectInstanceState")), "IncorrectInstanceState");
});

Deno.test("code() returns undefined for an error that is not from AWS", () => {
  assertEquals(code(new TypeError("no")), undefined);
  assertEquals(code("text"), undefined);
});
