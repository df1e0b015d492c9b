import { assert, assertEquals, assertRejects } from "@std/assert";
import { balancerRef } from "../../../../src/aws/balancing/balancer.ts";
import { deregisterOne, registerOne, sharedHealth } from "../../../../src/aws/balancing/shared_calls.ts";
import { isNotRegistrable } from "../../../../src/aws/errors.ts";
import { query, queryError, wire, type WireCall } from "../wire.ts";

const ARN = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/web/0123456789abcdef";
const CLASSIC = balancerRef({ fleet: "kas" });
const GROUP = balancerRef({ fleet: "kas", targetGroup: [ARN] });

/** The instances that a call of either kind of balancer names, without spaces. */
function named({ input }: WireCall): string {
  return Object.entries(input).filter(([name]) => /\.(InstanceId|Id)$/.test(name)).map(([, id]) => id).join(
    " ",
  );
}

/** Answers like both kinds of balancer. Refuses calls that name the bad instance. */
function balancers(bad?: string) {
  return wire((call) => {
    const { action } = call;
    if (action === "DescribeTargetHealth") return query(action, "<TargetHealthDescriptions/>");
    if (action === "DescribeInstanceHealth") return query(action, "<InstanceStates/>");
    if (bad !== undefined && named(call).includes(bad)) {
      const code = action.includes("Targets") ? "InvalidTarget" : "InvalidInstance";
      return queryError(code, `Could not find ${bad}.`);
    }
    return query(action, "");
  });
}

/** The instances of each call that registers or deregisters some. */
function changes({ calls }: { readonly calls: readonly WireCall[] }): string[] {
  return calls.filter(({ action }) => !action.startsWith("Describe")).map(named);
}

const always = () => Promise.resolve();

Deno.test("concurrent reads of the health of a balancer share a call, and a later read sends another", async () => {
  await using server = balancers();
  await Promise.all([CLASSIC, CLASSIC, GROUP].map((ref) => sharedHealth(server.aws, ref)));
  assertEquals(server.calls.map(({ action }) => action).toSorted(), [
    "DescribeInstanceHealth",
    "DescribeTargetHealth",
  ]);
  await sharedHealth(server.aws, CLASSIC);
  assertEquals(server.calls.length, 3);
});

for (const ref of [CLASSIC, GROUP]) {
  Deno.test(`instances that are registered at the same ${ref.kind} balancer share a call, and only a refused one fails`, async () => {
    await using server = balancers("i-2");
    const results = await Promise.allSettled(
      ["i-1", "i-2", "i-3"].map((id) => registerOne(server.aws, ref, id)),
    );
    assertEquals(results.map(({ status }) => status), ["fulfilled", "rejected", "fulfilled"]);
    assert(isNotRegistrable((results[1] as PromiseRejectedResult).reason));
    assertEquals(changes(server), ["i-1 i-2 i-3", "i-1 i-3"]);
  });

  Deno.test(`instances that are deregistered from the same ${ref.kind} balancer share a call, without those whose preconditions reject`, async () => {
    await using server = balancers();
    const needed = () => Promise.reject(new RangeError("the fleet needs it"));
    const leaving = [["i-1", always], ["i-2", needed], ["i-3", always]] as const;
    const [, kept, ...left] = leaving.map(([id, check]) => deregisterOne(server.aws, ref, id, check));
    await assertRejects(() => kept ?? Promise.resolve(), RangeError, "needs");
    await Promise.all(left);
    assertEquals(changes(server), ["i-1 i-3"]);
  });

  Deno.test(`an instance that the ${ref.kind} balancer does not know fails the deregistration of no other instance`, async () => {
    await using server = balancers("i-2");
    await Promise.all(["i-1", "i-2"].map((id) => deregisterOne(server.aws, ref, id, always)));
    assertEquals(changes(server), ["i-1 i-2", "i-1"]);
  });
}

Deno.test("the preconditions of all instances of a call run right before each of its requests, retries included", async () => {
  const events: string[] = [];
  await using server = wire((call, index) => {
    events.push(`sent ${named(call)}`);
    return index === 0 ? queryError("ServiceUnavailable", "later", 503) : query(call.action, "");
  });
  const check = (id: string) => () => {
    const before = events.filter((event) => event === id).length;
    events.push(id);
    return id === "i-2" && before === 1 ? Promise.reject(new RangeError("needed by now")) : Promise.resolve();
  };
  const [one, two] = ["i-1", "i-2"].map((id) => deregisterOne(server.aws, CLASSIC, id, check(id)));
  await assertRejects(() => two ?? Promise.resolve(), RangeError, "needed by now");
  await one;
  assertEquals(events, ["i-1", "i-2", "sent i-1 i-2", "i-1", "i-2", "i-1", "sent i-1"]);
});

Deno.test("no call is sent if all preconditions reject", async () => {
  await using server = balancers();
  const refuse = () => Promise.reject(new RangeError("needed"));
  await Promise.all(
    ["i-1", "i-2"].map((id) =>
      assertRejects(() => deregisterOne(server.aws, CLASSIC, id, refuse), RangeError)
    ),
  );
  assertEquals(server.calls, []);
});
