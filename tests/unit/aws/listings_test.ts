/**
 * kas never acts on an incomplete listing.
 *
 * @module
 */
import { assertEquals, assertRejects } from "@std/assert";
import { drainingTimeout, health, listBalancers } from "../../../src/aws/balancing/classic_balancer.ts";
import * as targetGroup from "../../../src/aws/balancing/target_group.ts";
import type { Aws } from "../../../src/aws/clients.ts";
import { fleetAlarms } from "../../../src/aws/cloudwatch/alarms.ts";
import { latestCpu } from "../../../src/aws/cloudwatch/cpu.ts";
import { fleetInstances } from "../../../src/aws/ec2/instances.ts";
import { ingressOf } from "../../../src/aws/ec2/security_groups.ts";
import { IncompleteAnswerError, UnreachableError } from "../../../src/aws/errors.ts";
import { MAX_PAGES, pages } from "../../../src/aws/many/pages.ts";
import { listSubscriptions, listTopics } from "../../../src/aws/sns/topic.ts";
import { ec2, ec2Error, json, query, wire } from "./wire.ts";

const TOPIC = "arn:aws:sns:eu-west-1:123456789012:kas";
const GROUP = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/web/0123456789abcdef";

Deno.test("fleetInstances() fails if the second page of the list fails", async () => {
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

Deno.test("fleetAlarms() fails if the second page of the list fails", async () => {
  await using server = wire(({ input }) =>
    input["NextToken"] === undefined
      ? json({ MetricAlarms: [], NextToken: "t" })
      : Response.json({ __type: "InvalidNextToken" }, { status: 400 })
  );
  await assertRejects(() => fleetAlarms(server.aws, "kas"));
});

/** All functions that read a list from AWS, by name. */
const LISTINGS: Readonly<Record<string, (aws: Aws) => Promise<unknown>>> = {
  "fleetInstances()": (aws) => Array.fromAsync(fleetInstances(aws, { fleet: "kas" })),
  "ingressOf()": (aws) => ingressOf(aws, ["sg-1"]),
  "health()": (aws) => health(aws, "kas"),
  "health() of a target group": (aws) => targetGroup.health(aws, GROUP),
  "findTargetGroup()": (aws) => targetGroup.findTargetGroup(aws, GROUP),
  "deregistrationDelay()": (aws) => targetGroup.deregistrationDelay(aws, GROUP),
  "listBalancers()": (aws) => Array.fromAsync(listBalancers(aws)),
  "drainingTimeout()": (aws) => drainingTimeout(aws, "kas"),
  "fleetAlarms()": (aws) => fleetAlarms(aws, "kas"),
  "latestCpu()": (aws) => latestCpu(aws, [{ id: "i-1", monitoring: "detailed" }], 60),
  "listTopics()": (aws) => Array.fromAsync(listTopics(aws)),
  "listSubscriptions()": (aws) => Array.fromAsync(listSubscriptions(aws, TOPIC)),
};

for (const [name, list] of Object.entries(LISTINGS)) {
  Deno.test(`${name} fails if a response does not contain its list`, async () => {
    await using server = wire(({ service, action }) =>
      service === "ec2" ? ec2(action, "") : service === "monitoring" ? json({}) : query(action, "")
    );
    await assertRejects(() => list(server.aws), UnreachableError);
  });
}

/** A page of each list that AWS returns in pages. `token` is the token of the next page. */
const PAGES: Readonly<Record<string, (token: string) => Response>> = {
  DescribeInstances: (token) => ec2("DescribeInstances", `<reservationSet/><nextToken>${token}</nextToken>`),
  DescribeSecurityGroups: (token) =>
    ec2("DescribeSecurityGroups", `<securityGroupInfo/><nextToken>${token}</nextToken>`),
  DescribeLoadBalancers: (token) =>
    query("DescribeLoadBalancers", `<LoadBalancerDescriptions/><NextMarker>${token}</NextMarker>`),
  DescribeAlarms: (NextToken) => json({ MetricAlarms: [], NextToken }),
  GetMetricData: (NextToken) => json({ MetricDataResults: [], NextToken }),
  ListTopics: (token) => query("ListTopics", `<Topics/><NextToken>${token}</NextToken>`),
  ListSubscriptionsByTopic: (token) =>
    query("ListSubscriptionsByTopic", `<Subscriptions/><NextToken>${token}</NextToken>`),
};

for (
  const name of [
    "fleetInstances()",
    "ingressOf()",
    "listBalancers()",
    "fleetAlarms()",
    "latestCpu()",
    "listTopics()",
    "listSubscriptions()",
  ]
) {
  Deno.test(`${name} fails when AWS returns the same page token twice`, async () => {
    const tokens = ["a", "b", "a"];
    await using server = wire(({ action }, i) => PAGES[action]?.(tokens[i] ?? "c") ?? Response.error());
    await assertRejects(
      () => LISTINGS[name]?.(server.aws) ?? Promise.resolve(),
      IncompleteAnswerError,
      "twice",
    );
    assertEquals(server.calls.length, 3);
  });
}

Deno.test("pages() fails after a thousand pages", async () => {
  let requests = 0;
  const endless = pages(() => Promise.resolve(`${++requests}`), (page) => page);
  await assertRejects(() => Array.fromAsync(endless), IncompleteAnswerError);
  assertEquals(requests, MAX_PAGES);
});

Deno.test("health() fails if ELB could not read the health of an instance", async () => {
  const member = (id: string, description: string) =>
    `<member><InstanceId>${id}</InstanceId><State>Unknown</State><Description>${description}</Description></member>`;
  const states = member("i-1", "N/A") + member("i-2", "A transient error occurred. Please try again later.");
  await using server = wire(({ action }) => query(action, `<InstanceStates>${states}</InstanceStates>`));
  await assertRejects(() => health(server.aws, "kas"), IncompleteAnswerError, "i-2");
});

for (const body of ["null", "5", "[]", `{"MetricAlarms": {}}`, `{"MetricAlarms": [{}]`, "<html></html>"]) {
  Deno.test(`fleetAlarms() fails on the body ${body}`, async () => {
    await using server = wire(() => new Response(body));
    await assertRejects(() => fleetAlarms(server.aws, "kas"));
  });
}

Deno.test("health() fails for a truncated response, and for the response of a different action", async () => {
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

Deno.test("an empty list in a response is not an error", async () => {
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
