/**
 * kas never acts on an incomplete listing.
 *
 * @module
 */
import { assertEquals, assertRejects } from "@std/assert";
import { health } from "../../../src/aws/balancing/classic_balancer.ts";
import { fleetAlarms } from "../../../src/aws/cloudwatch/alarms.ts";
import { fleetInstances } from "../../../src/aws/ec2/instances.ts";
import { UnreachableError } from "../../../src/aws/errors.ts";
import { ec2, ec2Error, json, query, wire } from "./wire.ts";

Deno.test("fleetInstances() fails if the second page fails", async () => {
  const [first, second] = ["i-1", "i-2"].map((id) =>
    `<item><instancesSet><item><instanceId>${id}</instanceId></item></instancesSet></item>`
  );
  let broken = true;
  await using server = wire(({ action, input }) => {
    if (input["NextToken"] === undefined) {
      return ec2(action, `<reservationSet>${first}</reservationSet><nextToken>t</nextToken>`);
    }
    return broken
      ? ec2Error("InvalidParameterValue", "The token has expired")
      : ec2(action, `<reservationSet>${second}</reservationSet>`);
  });
  await assertRejects(() => Array.fromAsync(fleetInstances(server.aws, { fleet: "kas" })));
  broken = false;
  const found = await Array.fromAsync(fleetInstances(server.aws, { fleet: "kas" }));
  assertEquals(found.map(({ id }) => id), ["i-1", "i-2"]);
});

Deno.test("fleetAlarms() fails if the second page fails", async () => {
  await using server = wire(({ input }) =>
    input["NextToken"] === undefined
      ? json({ MetricAlarms: [], NextToken: "t" })
      : Response.json({ __type: "InvalidNextToken" }, { status: 400 })
  );
  await assertRejects(() => fleetAlarms(server.aws, "kas"));
});

Deno.test("an answer without a list is an error, not an empty list", async () => {
  await using server = wire(({ service, action }) =>
    service === "ec2" ? ec2(action, "") : service === "monitoring" ? json({}) : query(action, "")
  );
  await assertRejects(
    () => Array.fromAsync(fleetInstances(server.aws, { fleet: "kas" })),
    UnreachableError,
  );
  await assertRejects(() => health(server.aws, "kas"), UnreachableError);
  await assertRejects(() => fleetAlarms(server.aws, "kas"), UnreachableError);
});

for (const body of ["null", "5", "[]", `{"MetricAlarms": {}}`, `{"MetricAlarms": [{}]`, "<html></html>"]) {
  Deno.test(`fleetAlarms() fails on the body ${body}`, async () => {
    await using server = wire(() => new Response(body));
    await assertRejects(() => fleetAlarms(server.aws, "kas"));
  });
}

Deno.test("health() fails on an answer that is cut off, or to another action", async () => {
  const body = "<InstanceStates><member><InstanceId>i-1</InstanceId></member></InstanceStates>";
  const whole = await query("DescribeInstanceHealth", body).text();
  let answer = whole;
  await using server = wire(() => new Response(answer));
  assertEquals((await health(server.aws, "kas")).map(({ id }) => id), ["i-1"]);
  for (let length = 0; length < whole.length; length += 5) {
    answer = whole.slice(0, length);
    await assertRejects(() => health(server.aws, "kas"), Error, undefined, answer);
  }
  answer = await query("DescribeLoadBalancers", "<InstanceStates/>").text();
  await assertRejects(() => health(server.aws, "kas"));
});

Deno.test("an empty list is no error", async () => {
  await using server = wire(({ service, action }) =>
    service === "ec2"
      ? ec2(action, "<reservationSet/>")
      : service === "monitoring"
      ? json({ MetricAlarms: [] })
      : query(action, "<InstanceStates/>")
  );
  assertEquals(await Array.fromAsync(fleetInstances(server.aws, { fleet: "kas" })), []);
  assertEquals(await health(server.aws, "kas"), []);
  assertEquals(await fleetAlarms(server.aws, "kas"), []);
});
