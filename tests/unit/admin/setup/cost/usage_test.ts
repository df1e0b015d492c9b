import { assertEquals } from "@std/assert";
import { itemsOf, totalOf, usd } from "../../../../../src/admin/setup/cost/items.ts";
import { cents } from "../../../../../src/admin/setup/cost/money.ts";
import { type FleetFacts, usageOf } from "../../../../../src/admin/setup/cost/usage.ts";
import type { AlarmDetail } from "../../../../../src/aws/cloudwatch/alarms.ts";
import { cpuOf } from "../../../../../src/aws/cloudwatch/metric.ts";
import type { Ec2Instance } from "../../../../../src/aws/ec2/instances.ts";
import type { Volume } from "../../../../../src/aws/ec2/volumes.ts";

const TOPIC = "arn:aws:sns:us-east-1:123456789012:kas";

const instance = (id: string, more: Partial<Ec2Instance> = {}): Ec2Instance => ({
  id,
  name: "",
  role: "node",
  state: "running",
  type: "t3.micro",
  zone: "us-east-1a",
  monitoring: "detailed",
  ...more,
});

const alarm = (dimension: string, more: Partial<AlarmDetail> = {}): AlarmDetail => ({
  fleet: "kas",
  kind: "cpuhigh",
  dimension,
  name: `kas:cpuhigh:${dimension}`,
  state: "OK",
  threshold: 80,
  period: 60,
  changed: 0,
  metric: cpuOf(dimension),
  statistic: "Average",
  comparison: "GreaterThanOrEqualToThreshold",
  evaluations: 1,
  actionsEnabled: true,
  alarmActions: [TOPIC],
  okActions: [TOPIC],
  reason: "",
  ...more,
});

const volume = (of: string, more: Partial<Volume> = {}): Volume => ({
  instance: of,
  type: "gp3",
  size: 8,
  iops: 3_000,
  throughput: 125,
  ...more,
});

const facts = (more: Partial<FleetFacts>): FleetFacts => ({
  instances: [],
  alarms: [],
  volumes: [],
  subscriptions: 1,
  balancers: 1,
  resync: 60_000,
  metricDelay: 180_000,
  scrape: { target: undefined, interval: 5_000 },
  ...more,
});

Deno.test("a stopped instance costs no monitoring, and basic monitoring costs none either", () => {
  const instances = [
    instance("i-1"),
    instance("i-2", { state: "stopped" }),
    instance("i-3", { monitoring: "basic" }),
  ];
  assertEquals(usageOf(facts({ instances })).metrics, 7);
});

Deno.test("the alarms of stopped instances cost as much as others, those with a short period cost more, and those of instances that no longer exist are listed apart", () => {
  const usage = usageOf(facts({
    instances: [instance("i-1", { state: "stopped" })],
    alarms: [
      alarm("i-1"),
      alarm("i-1", { kind: "cpulow", period: 10 }),
      alarm("i-gone"),
      alarm("kas", { kind: "reqcount" }),
    ],
  }));
  assertEquals([usage.alarms, usage.highResolutionAlarms, usage.leftoverAlarms], [2, 1, 1]);
});

Deno.test("in a busy month kas reads each running instance's CPU as often as new datapoints arrive, and else one instance's", () => {
  const instances = [instance("i-1"), instance("i-2"), instance("i-3", { state: "stopped" })];
  const reads = (more: Partial<FleetFacts>) => usageOf(facts({ instances, ...more })).metricReads;
  // New datapoints arrive every 240 s, which is at each fourth reconcile.
  assertEquals(reads({}), { quiet: 0, busy: 730 * (15 * 2 + 45) });
  assertEquals(reads({ resync: 600_000 }), { quiet: 0, busy: 730 * 6 * 2 });
  assertEquals(reads({ alarms: [alarm("i-1", { period: 300 })] }).busy, 730 * (7.5 * 2 + 52.5));
  assertEquals(reads({ instances: [] }).busy, 0);
});

Deno.test("only alarms with actions whose metric has datapoints send messages, one delivery for each subscription", () => {
  const instances = [instance("i-1"), instance("i-2", { state: "stopped" })];
  const alarms = [
    alarm("i-1"),
    alarm("i-1", { kind: "cpulow", alarmActions: [], okActions: [] }),
    alarm("i-1", { actionsEnabled: false }),
    alarm("i-2"),
  ];
  const { messages, deliveries } = usageOf(facts({ instances, alarms, subscriptions: 2 }));
  assertEquals([messages.quiet, deliveries.quiet], [0, 0]);
  assertEquals(deliveries.busy, 2 * messages.busy);
  assertEquals(messages.busy, 730 * 6);
});

Deno.test("volumes are counted by type, with the IOPS and the throughput that their price does not include", () => {
  const usage = usageOf(facts({
    instances: [instance("i-1", { state: "stopped" }), instance("i-2", { role: "control" })],
    volumes: [
      volume("i-1"),
      volume("i-1", { size: 100, iops: 4_000, throughput: 250 }),
      volume("i-1", { type: "gp2", size: 500, iops: 1_500, throughput: 0 }),
      volume("i-1", { type: "io1", size: 10, iops: 200, throughput: 0 }),
      volume("i-2", { size: 20 }),
    ],
  }));
  assertEquals(usage.stoppedVolumes, new Map([["gp3", 108], ["gp2", 500], ["io1", 10]]));
  assertEquals(usage.controlVolumes, new Map([["gp3", 20]]));
  assertEquals(usage.iops, new Map([["gp3", 1_000], ["io1", 200]]));
  assertEquals(usage.throughput, new Map([["gp3", 125]]));
});

Deno.test("a control instance costs its hours and those of its public address while it runs", () => {
  const usage = usageOf(facts({
    instances: [
      instance("i-1", { role: "control", type: "t4g.nano", publicIp: "203.0.113.7" }),
      instance("i-2", { role: "control", type: "t4g.nano", state: "stopped" }),
    ],
  }));
  assertEquals([usage.controlHours, usage.addressHours], [new Map([["t4g.nano", 730]]), 730]);
});

Deno.test("the free calls grow with the pages that a reconcile reads", () => {
  const instances = Array.from({ length: 150 }, (_, i) => instance(`i-${i}`));
  const alarms = instances.flatMap(({ id }) => [alarm(id), alarm(id, { kind: "cpulow" })]);
  // One page of instances, three of alarms, two of status checks, and two target groups.
  assertEquals(usageOf(facts({ instances, alarms, balancers: 2 })).freeCalls, 730 * 60 * 8);
});

Deno.test("the total is the exact sum of the items, and leaves out an item without a price", () => {
  const usage = usageOf(facts({
    instances: [instance("i-1", { role: "control", type: "m99.huge" })],
    alarms: [alarm("i-1")],
  }));
  const items = itemsOf(usage, { region: "us-east-1", resync: 60_000, hasBalancer: true, isScraping: false });
  const costs = Object.fromEntries(
    items.map((item) => [item.item, [usd(item, item.quiet), usd(item, item.busy)]]),
  );
  assertEquals(costs, {
    "detailed monitoring": ["2.10", "2.10"],
    "alarms": ["0.10", "0.10"],
    "metric reads (GetMetricData)": ["0.00", "0.44"],
    "messages (SNS)": ["0.00", "0.00"],
    "deliveries over HTTP (SNS)": ["0.00", "0.00"],
    "control instances, m99.huge": [undefined, undefined],
  });
  const { quiet, busy } = totalOf(items);
  // 2.10 + 0.10 + 0.438 + 0.00219 + 0.002628
  assertEquals([cents(quiet), cents(busy)], ["2.20", "2.64"]);
});

Deno.test("without a load balancer there is no alarm on requests to choose instead", () => {
  const usage = usageOf(facts({ instances: [instance("i-1")], alarms: [alarm("i-1"), alarm("i-1")] }));
  const choice = (hasBalancer: boolean) =>
    itemsOf(usage, { region: "us-east-1", resync: 60_000, hasBalancer, isScraping: false })
      .find(({ item }) => item === "alarms")?.instead?.busy;
  assertEquals([choice(true), choice(false)], [1, undefined]);
});
