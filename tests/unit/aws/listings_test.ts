/**
 * An incomplete listing is never read as truth.
 *
 * @module
 */
import { assertEquals, assertRejects } from "@std/assert";
import { fleetAlarms } from "../../../src/aws/cloudwatch/alarms.ts";
import { health } from "../../../src/aws/balancing/classic_balancer.ts";
import { UnreachableError } from "../../../src/aws/errors.ts";
import { fleetInstances } from "../../../src/aws/ec2/instances.ts";
import { ec2, ec2Error, json, query, wire } from "./wire.ts";

Deno.test("a fleet whose second page fails is not told by the first", async () => {
  const [first, second] = ["i-1", "i-2"].map((id) =>
    `<item><instancesSet><item><instanceId>${id}</instanceId></item></instancesSet></item>`
  );
  let broken = true;
  await using server = wire(({ action, input }) => {
    if (input["NextToken"] === undefined) {
      return ec2(action, `<reservationSet>${first}</reservationSet><nextToken>t</nextToken>`);
    }
    return broken
      ? ec2Error("InvalidParameterValue", "the token has expired")
      : ec2(action, `<reservationSet>${second}</reservationSet>`);
  });
  await assertRejects(() => Array.fromAsync(fleetInstances(server.aws, { fleet: "kas" })));
  broken = false;
  const found = await Array.fromAsync(fleetInstances(server.aws, { fleet: "kas" }));
  assertEquals(found.map(({ id }) => id), ["i-1", "i-2"]);
});

Deno.test("alarms whose second page fails are not told by the first", async () => {
  await using server = wire(({ input }) =>
    input["NextToken"] === undefined
      ? json({ MetricAlarms: [], NextToken: "t" })
      : Response.json({ __type: "InvalidNextToken" }, { status: 400 })
  );
  await assertRejects(() => fleetAlarms(server.aws, "kas"));
});

Deno.test("an answer that holds no list at all is no empty fleet, balancer or set of alarms", async () => {
  await using server = wire(({ service, action }) =>
    service === "ec2" ? ec2(action, "") : service === "monitoring" ? json({}) : query(action, "")
  );
  const calls = [
    () => Array.fromAsync(fleetInstances(server.aws, { fleet: "kas" })),
    () => health(server.aws, "kas"),
    () => fleetAlarms(server.aws, "kas"),
  ];
  for (const call of calls) await assertRejects(call, UnreachableError, "holds no list");
});

Deno.test("an empty list is an empty fleet, balancer or set of alarms", async () => {
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
