import { assertEquals } from "@std/assert";
import { Account } from "../../../../src/sandbox/account/account.ts";
import { Billing } from "../../../../src/sandbox/account/billing.ts";
import type { Instance, StateName } from "../../../../src/sandbox/account/instance.ts";

const instance = (id: string, state: StateName, detailedMonitoring: boolean): Instance => ({
  id,
  reservation: "r-1",
  address: "127.0.0.2",
  zone: "eu-west-1a",
  type: "t3.micro",
  image: "ami-1",
  keyName: undefined,
  subnet: undefined,
  securityGroups: [],
  userData: undefined,
  clientToken: undefined,
  launchIndex: 0,
  tags: {},
  state,
  launchedAt: 0,
  hasRun: true,
  transitionReason: "",
  stateReason: undefined,
  detailedMonitoring,
  spotRequest: undefined,
  rootDevice: "ebs",
});

Deno.test("Billing counts the hours of alarms, of running instances and of the volumes of all instances", () => {
  const account = new Account(() => 0);
  const billing = new Billing(() => account.current);
  account.putInstances(instance("i-1", "running", true), instance("i-2", "stopped", true));
  billing.advance(1_800, 4);
  account.updateInstance("i-2", { state: "running", detailedMonitoring: false });
  billing.advance(3_600, 2);
  const { alarmHours, detailedMonitoringHours, instanceHours, volumeHours, balancerHours } = billing.units();
  const hours = [alarmHours, detailedMonitoringHours, instanceHours, volumeHours, balancerHours];
  assertEquals(hours.map((hours) => Number(hours.toFixed(6))), [3, 1, 1.5, 2, 0]);
});

Deno.test("Billing counts each metric of a call, and no call that failed or is free", () => {
  const billing = new Billing(() => new Account(() => 0).current);
  const call = (action: string, input: Record<string, unknown>, error?: string) =>
    billing.addCall({ service: "monitoring", action, input, error });
  const queries = { MetricDataQueries: [{ Id: "a" }, { Id: "b" }] };
  call("GetMetricData", queries);
  call("GetMetricData", queries, "cut");
  call("GetMetricData", queries, "Throttling");
  call("GetMetricStatistics", {});
  call("DescribeAlarms", {});
  const { metricsRequested, metricRequests } = billing.units();
  assertEquals([metricsRequested, metricRequests], [4, 1]);
});

Deno.test("Billing counts the messages that topics publish, and the attempts to deliver them", () => {
  const billing = new Billing(() => new Account(() => 0).current);
  billing.addMessage("messagesPublished");
  billing.addMessage("messageDeliveries");
  billing.addMessage("messageDeliveries");
  const { messagesPublished, messageDeliveries } = billing.units();
  assertEquals([messagesPublished, messageDeliveries], [1, 2]);
});
