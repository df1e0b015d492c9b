/**
 * Builds observations of doctor for tests. By default the fleet has no problems, and a test can change parts of the observation.
 *
 * @module
 */
import type { Check } from "../../../../src/admin/doctor/check.ts";
import type { Autoscaler } from "../../../../src/admin/doctor/autoscalers.ts";
import type { Observation, Plan } from "../../../../src/admin/doctor/observation.ts";
import type { ServiceAnswer } from "../../../../src/admin/doctor/services.ts";
import type { Balancer, Health } from "../../../../src/aws/balancing/balancer.ts";
import { hintText } from "../../../../src/cli/command_line.ts";
import type { Ingress } from "../../../../src/aws/ec2/security_groups.ts";
import type { CreditMode } from "../../../../src/aws/ec2/instance_settings.ts";
import type { Ec2Instance } from "../../../../src/aws/ec2/instances.ts";
import { type HealthCheckSpec, parseHealthCheck } from "../../../../src/health/spec.ts";

export const TOPIC = "arn:aws:sns:eu-west-1:123456789012:kas";
export const SUBSCRIPTION = `${TOPIC}:0a1b`;

/** Returns an instance. By default it is a running node with detailed monitoring. */
export function instance(id: string, more: Partial<Ec2Instance> = {}): Ec2Instance {
  return {
    id,
    name: "",
    role: "node",
    state: "running",
    type: "t3.micro",
    zone: "eu-west-1a",
    monitoring: "detailed",
    vpc: "vpc-1",
    ...more,
  };
}

const PLAN: Plan = {
  fleet: "kas",
  balancer: { kind: "classic", name: "kas" },
  topicArn: undefined,
  pull: false,
  shrink: "stop",
  kas: (...words) => ["kas", "admin", ...words],
  aws: (...words) => ["aws", ...words],
};

const BALANCER: Balancer = {
  name: "kas",
  dnsName: "kas.example",
  instances: [],
  healthCheck: "HTTP:8080/healthz",
  ports: [8_081],
  zones: [],
  securityGroups: ["sg-lb"],
  requests: undefined,
};

/** The parts of an observation that a test can change. */
export interface Seen {
  readonly plan?: Partial<Plan>;
  readonly instances?: readonly Ec2Instance[];
  /** Periods of the CPU alarms by instance id, in seconds. */
  readonly periods?: Readonly<Record<string, number>>;
  /** The threshold of the CPU alarms, percent. */
  readonly threshold?: number;
  /** Why EC2 considers instances impaired, by instance. */
  readonly statuses?: Readonly<Record<string, string>>;
  /** Credit modes by instance. */
  readonly credits?: Readonly<Record<string, CreditMode>>;
  /** The answers of the service by instance. */
  readonly services?: Readonly<Record<string, ServiceAnswer>>;
  /** The load balancer. Default: it has a check over HTTP at port 8080, and sends requests to port 8081. */
  readonly balancer?: Balancer;
  /** The health of the instances at the load balancer. */
  readonly health?: readonly Health[];
  /** The load balancer's health checks. */
  readonly checks?: readonly HealthCheckSpec[];
  /** The ingress rules of security groups. */
  readonly ingress?: Readonly<Record<string, readonly Ingress[]>>;
  /** The ids of the security groups that setup has created. */
  readonly madeGroups?: readonly string[];
  readonly protected?: readonly string[];
  readonly topic?: Readonly<Record<string, string>>;
  readonly subscription?: Readonly<Record<string, string>>;
  /** The scrapes of instances, by their ids. */
  readonly scrapes?: Observation["scrapes"];
  /** The autoscaler at --url. */
  readonly autoscaler?: Partial<Autoscaler>;
  /** The values of the metrics. */
  readonly metrics?: Observation["metrics"];
}

/** Runs a check and returns its findings, as `result: detail` and `try: command`. */
export function findings(check: Check, seen: Seen): string[] {
  const { plan, instances = [], periods = {}, topic = {}, subscription = {}, threshold = 80 } = seen;
  const endpoint = {
    arn: SUBSCRIPTION,
    endpoint: "http://203.0.113.7/",
    protocol: "http",
    status: "confirmed",
  };
  const alarms = Object.entries(periods).map(([dimension, period]) => ({
    kind: "cpuhigh",
    dimension,
    period,
    threshold,
  }));
  const observation = {
    plan: { ...PLAN, ...plan },
    instances: { value: instances },
    alarms: { value: alarms },
    protection: { value: { asked: instances.map(({ id }) => id), protected: seen.protected ?? [] } },
    ingress: { value: new Map(Object.entries(seen.ingress ?? {})) },
    madeGroups: { value: new Set(seen.madeGroups) },
    statuses: { value: new Map(Object.entries(seen.statuses ?? {})) },
    credits: { value: new Map(Object.entries(seen.credits ?? {})) },
    topic: { value: { arn: TOPIC, subscriptions: [endpoint] } },
    topicAttributes: { value: topic },
    subscriptionAttributes: { value: new Map([[SUBSCRIPTION, subscription]]) },
    services: new Map(Object.entries(seen.services ?? {})),
    balancer: { value: seen.balancer ?? BALANCER },
    health: { value: seen.health ?? [] },
    checks: { value: () => seen.checks ?? [parseHealthCheck("http:8080/healthz")] },
    autoscalers: seen.autoscaler === undefined ? [] : [seen.autoscaler],
    scrapes: seen.scrapes ?? new Map(),
    metrics: seen.metrics ?? { at: 0, readings: {} },
  } as unknown as Observation;
  return check.run(observation).flatMap(({ result, detail, remedy }) => [
    `${result}: ${detail}`,
    ...(remedy === undefined ? [] : [`try: ${hintText(remedy)}`]),
  ]);
}
