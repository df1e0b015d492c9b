/**
 * All settings of kas, each with its name, environment variables, default, parser and help. A command uses the settings that it
 * needs as its options. `deno task docs` generates docs/settings.md from these settings. {@link ./load.ts} reads their values.
 *
 * @module
 */

import {
  duration,
  durationIn,
  flag,
  hostName,
  hostPort,
  integer,
  oneOf,
  range,
  text,
  url,
} from "../cli/parsers.ts";
import { parseHealthCheck } from "../health/spec.ts";
import { parseDrainTarget } from "../health/drain.ts";
import { parseScrapeTarget } from "../health/scrape.ts";
import type { PolicySpec } from "../scaling/model/load/policy.ts";
import type { MetricSpecs } from "./metrics/spec.ts";
import type { Schedules } from "./schedules/schedules.ts";
import { fleetName, launchTemplate, targetGroupArn, topicArn } from "./aws_names.ts";
import { type Setting, setting } from "./setting.ts";

export type { Setting };

/** All settings, by the name of their flag in camelCase. */
export const SETTINGS = {
  fleet: setting("fleet", fleetName, "the fleet: the instances tagged kas:fleet=NAME", {
    placeholder: "NAME",
    default: "kas",
    scope: "fleet",
  }),
  keyName: setting("key-name", text, "select the fleet by its instances' key pair instead of the tag", {
    placeholder: "KEY",
    scope: "fleet",
  }),
  loadBalancer: setting(
    "load-balancer",
    text,
    "the fleet's Classic Load Balancer (default: the fleet's name)",
    {
      placeholder: "NAME",
      scope: "fleet",
    },
  ),
  targetGroup: setting(
    "target-group",
    targetGroupArn,
    "the fleet's target group of an Application or Network Load Balancer, instead of --load-balancer; give several to " +
      "register each instance with all of them",
    { placeholder: "ARN", excludes: "loadBalancer", repeat: true, scope: "fleet" },
  ),
  balancer: setting(
    "balancer",
    oneOf("application", "network", "classic", "none"),
    "the fleet's load balancer: application, network, classic or none",
    { placeholder: "KIND" },
  ),
  healthCheck: setting(
    "health-check",
    parseHealthCheck,
    "kas's check of an instance before it registers the instance: http:PORT/PATH, https:PORT/PATH, tcp:PORT or none " +
      "(default: the load balancer's check)",
    { placeholder: "SPEC" },
  ),
  address: setting(
    "address",
    oneOf("private", "public", "ipv6"),
    "the address of an instance to which kas sends its health checks: private, public or ipv6 (default: private)",
    { placeholder: "KIND" },
  ),
  scrape: setting(
    "scrape",
    parseScrapeTarget,
    "where each instance serves metrics in the Prometheus text format: http:PORT/PATH or https:PORT/PATH (default: kas reads the CPU " +
      "from CloudWatch)",
    { placeholder: "SPEC" },
  ),
  scrapeInterval: setting(
    "scrape-interval",
    durationIn("100ms", "60s"),
    "interval at which kas reads the metrics of each instance",
    { placeholder: "TIME", default: "5s" },
  ),
  topicArn: setting("topic-arn", topicArn, "the SNS topic that the fleet's alarms notify", {
    placeholder: "ARN",
  }),
  region: setting("region", text, "AWS region of the fleet", {
    placeholder: "REGION",
    env: ["AWS_REGION", "AWS_DEFAULT_REGION"],
  }),
  profile: setting("profile", text, "profile in ~/.aws/config to use", {
    placeholder: "NAME",
    env: ["AWS_PROFILE"],
  }),
  endpointUrl: setting("endpoint-url", url, "AWS endpoint, for example the sandbox's", {
    placeholder: "URL",
    env: ["AWS_ENDPOINT_URL"],
  }),
  listen: setting("listen", hostPort, "address to listen on; port 0 picks a free port", {
    placeholder: "HOST:PORT",
    scope: "process",
  }),
  host: setting(
    "host",
    hostName,
    "host name under which browsers may open the autoscaler's status page, in addition to IP addresses and localhost",
    { placeholder: "NAME", repeat: true, scope: "process" },
  ),
  dryRun: setting("dry-run", flag, "print what the command would do, and change nothing", {
    default: "false",
  }),
  yes: setting("yes", flag, "do not ask for confirmation", { default: "false" }),
  log: setting("log", oneOf("text", "json"), "format of the log on stderr", {
    placeholder: "text|json",
    default: "text",
    scope: "process",
  }),
  threads: setting(
    "threads",
    integer(1, 1024),
    "number of threads that burn CPU for /work (default: one per CPU)",
    {
      placeholder: "N",
      scope: "process",
    },
  ),
  workMs: setting("work-ms", range, "how long one /work request burns CPU, in ms", {
    placeholder: "MIN-MAX",
    default: "450-550",
    scope: "process",
  }),
  queue: setting(
    "queue",
    integer(0, 1_000_000),
    "how many /work requests may wait before kas answers 503 (default: 100 per thread)",
    {
      placeholder: "N",
      scope: "process",
    },
  ),
  drain: setting("drain", duration, "how long the worker waits for requests in progress at SIGTERM", {
    placeholder: "TIME",
    default: "30s",
    scope: "process",
  }),
  state: setting("state", text, "folder in which kas stores the inbox and the journal", {
    placeholder: "DIR",
    default: "/var/lib/kas",
    scope: "process",
  }),
  pull: setting(
    "pull",
    flag,
    "read the alarms every --resync instead of receiving notifications; needs no topic, and opens a port only with --listen",
    { default: "false" },
  ),
  min: setting(
    "min",
    integer(0, 100_000),
    "minimum capacity (default: the number of base and registered control instances)",
    {
      placeholder: "N",
    },
  ),
  max: setting("max", integer(0, 100_000), "maximum capacity (default: the whole fleet)", {
    placeholder: "N",
  }),
  schedules: setting(
    "schedules",
    async (text: string): Promise<Schedules> => (await import("./schedules/schema.ts")).parseSchedules(text),
    "windows of time with another minimum or maximum capacity, as a JSON array; in a config file an array",
    { placeholder: "JSON" },
  ),
  policies: setting(
    "policies",
    async (text: string): Promise<readonly PolicySpec[]> =>
      (await import("./policies_schema.ts")).parsePolicies(text),
    "the policies that scale by the load: alarms, adaptive or a JSON array; in a config file an array (default: alarms)",
    { placeholder: "POLICIES" },
  ),
  metrics: setting(
    "metrics",
    async (text: string): Promise<MetricSpecs> => (await import("./metrics/schema.ts")).parseMetrics(text),
    "the metrics that formulas in policies use, by name, as a JSON object; in a config file an object",
    { placeholder: "JSON" },
  ),
  grow: setting(
    "grow",
    launchTemplate,
    "if no standby node is left and the fleet has fewer than --max instances, launch a node from this launch template (name or id)",
    { placeholder: "TEMPLATE[:VERSION]" },
  ),
  shrink: setting(
    "shrink",
    oneOf("stop", "terminate"),
    "what scale-in does with a node",
    {
      placeholder: "stop|terminate",
      default: "stop",
    },
  ),
  resync: setting(
    "resync",
    duration,
    "interval at which kas reconciles: it reads the fleet and its alarms, and decides",
    {
      placeholder: "TIME",
      default: "60s",
    },
  ),
  warmup: setting("warmup", duration, "how long an instance must be in service before scale-in may stop it", {
    placeholder: "TIME",
    default: "120s",
  }),
  cooldownOut: setting(
    "cooldown-out",
    duration,
    "pause after a change of capacity before the next scale-out",
    {
      placeholder: "TIME",
      default: "0s",
    },
  ),
  cooldownIn: setting("cooldown-in", duration, "pause after a change of capacity before the next scale-in", {
    placeholder: "TIME",
    default: "60s",
  }),
  metricDelay: setting(
    "metric-delay",
    duration,
    "how late CloudWatch's metrics may arrive; kas waits this long until an alarm can show a change of capacity",
    {
      placeholder: "TIME",
      default: "180s",
    },
  ),
  startTimeout: setting("start-timeout", duration, "timeout of each step of a scale-out", {
    placeholder: "TIME",
    default: "300s",
  }),
  drainTimeout: setting("drain-timeout", duration, "timeout of each step of a scale-in", {
    placeholder: "TIME",
    default: "300s",
  }),
  drainRequest: setting(
    "drain-request",
    parseDrainTarget,
    "without a load balancer: where kas asks the service on an instance to finish its work before a stop",
    {
      placeholder: "http:PORT/PATH",
    },
  ),
  unhealthyAfter: setting(
    "unhealthy-after",
    duration,
    "how long an instance may fail its health check before kas replaces it",
    {
      placeholder: "TIME",
      default: "120s",
    },
  ),
  quarantineFor: setting(
    "quarantine-for",
    duration,
    "how long kas does not use a node that failed by its own fault three times in a row",
    {
      placeholder: "TIME",
      default: "24h",
    },
  ),
  alertUrl: setting(
    "alert-url",
    url,
    "URL to which kas posts alerts as JSON; if it contains a secret, set the variable instead of the flag",
    { placeholder: "URL", secret: true },
  ),
  resubscribe: setting(
    "resubscribe",
    flag,
    "subscribe again to the topic if someone deletes the subscription",
    {
      default: "false",
    },
  ),
  trustSigner: setting(
    "trust-signer",
    url,
    "also accept signing certificates at or below this URL; for the sandbox",
    {
      placeholder: "URL-PREFIX",
      scope: "process",
    },
  ),
} as const satisfies Record<string, Setting<unknown>>;
