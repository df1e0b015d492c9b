import { assertEquals } from "@std/assert";
import { Account } from "../../../../src/sandbox/account/account.ts";
import type { Instance } from "../../../../src/sandbox/account/instance.ts";
import { HealthChecks, nextPhase } from "../../../../src/sandbox/elb/health_checks.ts";
import type {
  HealthCheck,
  LoadBalancer,
  RegistrationPhase,
} from "../../../../src/sandbox/account/load_balancer.ts";
import { Faults } from "../../../../src/sandbox/faults/faults.ts";
import { handClock } from "../hand_clock.ts";

const INSTANCE: Instance = {
  id: "i-1",
  reservation: "r-1",
  address: "127.0.0.1",
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
  state: "running",
  launchedAt: 0,
  hasRun: true,
  transitionReason: "",
  stateReason: undefined,
  detailedMonitoring: false,
  spotRequest: undefined,
  rootDevice: "ebs",
};

const EVERY_5_S: HealthCheck = {
  target: "HTTP:30000/ping",
  interval: 5,
  timeout: 2,
  unhealthyThreshold: 2,
  healthyThreshold: 3,
};

const BALANCER: LoadBalancer = {
  name: "kas",
  zones: ["eu-west-1a"],
  healthCheck: EVERY_5_S,
  registrations: new Map([["i-1", "registering"]]),
  previouslyRegistered: new Set(),
  dnsName: "127.0.0.1",
  createdAt: 0,
  listeners: [],
  vpc: "vpc-1",
  subnets: [],
  securityGroups: [],
  scheme: "internet-facing",
  attributes: { crossZone: true, draining: true, drainingTimeout: 300, idleTimeout: 60 },
  tags: {},
};

Deno.test("nextPhase() puts a new registration in service after one passed check, and later applies the thresholds", () => {
  const cases: readonly [
    from: RegistrationPhase,
    passed: boolean,
    times: number,
    elapsed: number,
    to: RegistrationPhase,
  ][] = [
    ["registering", true, 1, 0, "in-service"],
    ["registering", false, 9, 9_999, "registering"],
    ["registering", false, 9, 10_000, "out-of-service"],
    ["in-service", true, 1, 0, "in-service"],
    ["in-service", false, 1, 0, "in-service"],
    ["in-service", false, 2, 0, "out-of-service"],
    ["out-of-service", false, 1, 0, "out-of-service"],
    ["out-of-service", true, 2, 0, "out-of-service"],
    ["out-of-service", true, 3, 0, "in-service"],
    ["draining", false, 9, 0, "draining"],
  ];
  for (const [from, passed, times, elapsed, to] of cases) {
    assertEquals(nextPhase(from, { passed, times }, EVERY_5_S, elapsed), to, `${from}, ${times} × ${passed}`);
  }
});

Deno.test("the fault late-first-check delays the first health check by a random time within the interval, but not the next", async () => {
  const clock = handClock();
  const account = new Account(clock.now);
  const faults = new Faults(1, clock);
  faults.set("late-first-check=on");
  let checks = 0;
  const network = () => {
    checks++;
    clock.nudge();
    return Promise.resolve(new Response(undefined, { status: 500 }));
  };
  account.putInstances(INSTANCE);
  account.putBalancer(BALANCER);
  using _checks = new HealthChecks(clock, account, faults, "kas", network);
  const [first = 0] = clock.timers;
  assertEquals([checks, first > 0 && first <= 5_000], [0, true]);
  clock.advance(first);
  await clock.until(() => checks === 1 && clock.timers.length === 1);
  assertEquals(clock.timers, [5_000]);
});
