/**
 * `kas admin`: a table of nouns, each loaded when chosen.
 *
 * @module
 */
import type { Group } from "../cli/command.ts";

/** `kas admin`. */
export const admin: Group = {
  name: "admin",
  summary: "Everything an operator needs",
  sections: {
    "Around a fleet": ["setup", "doctor", "teardown", "iam-policy"],
    "Its instances": ["instances", "provision", "user-data", "ssh", "ping"],
    "Scaling": ["scale", "activities", "explain", "replay"],
    "Its parts": ["balancers", "alarms", "topics", "sns"],
    "Trying out": ["sandbox", "load"],
    "kas itself": ["config", "completions"],
  },
  firstSteps: [
    ["admin sandbox --empty", "AWS on this machine; its export lines go into the next shells"],
    [
      "admin instances create --role base --image AMI",
      "one that is always on; in the sandbox any AMI will do",
    ],
    ["admin instances create --count 2 --image AMI", "nodes, started and stopped as the load comes and goes"],
    ["admin setup", "topic, load balancer and alarms around them"],
    [
      "autoscaler",
      "in a shell of its own, and goes on; outside the sandbox with --topic-arn ARN, unless root with --state DIR",
    ],
    [
      "admin setup --url http://127.0.0.1:10001",
      "the autoscaler is told of the alarms, where SNS reaches it",
    ],
    ["admin instances", "who is running, and in service"],
    ["admin scale in --warmup 0s", "one step by hand, at once; scale out takes it back"],
    ["admin balancers", "the load balancer's DNS_NAME"],
    [
      "admin load --url http://DNS_NAME:30000 --clients 4 --duration 5m",
      "more than one instance can carry, for as long as alarms of a minute take",
    ],
    ["admin activities", "what the autoscaler did, and why"],
  ],
  commands: [
    {
      name: "instances",
      summary: "List, create, start, stop and terminate the fleet's instances",
      load: async () => (await import("./instances/command.ts")).instances,
    },
    {
      name: "balancers",
      summary: "Load balancers: list, create, register, deregister",
      load: async () => (await import("./balancers/command.ts")).balancers,
    },
    {
      name: "alarms",
      summary: "The fleet's alarms: list, set, delete, test",
      load: async () => (await import("./alarms/command.ts")).alarms,
    },
    {
      name: "topics",
      summary: "SNS topics: list, create, subscriptions, subscribe, unsubscribe",
      load: async () => (await import("./topics/command.ts")).topics,
    },
    {
      name: "scale",
      summary: "Scale by one step, by the autoscaler's rules: out, in",
      load: async () => (await import("./instances/scale.ts")).scale,
    },
    {
      name: "activities",
      summary: "List decisions and activities, newest first",
      load: async () => (await import("./journal/activities.ts")).activities,
    },
    {
      name: "explain",
      summary: "Explain a decision: each check, and what would change it",
      load: async () => (await import("./journal/explain.ts")).explainCommand,
    },
    {
      name: "replay",
      summary: "Make every decision of a journal again and compare, also with other limits",
      load: async () => (await import("./journal/replay.ts")).replay,
    },
    {
      name: "ping",
      summary: "Check that instances or hosts answer; by default every running instance",
      load: async () => (await import("./instances/ping.ts")).ping,
    },
    {
      name: "setup",
      summary: "Create what the fleet lacks: topic, load balancer, alarms, subscription",
      load: async () => (await import("./setup/setup.ts")).setup,
    },
    {
      name: "teardown",
      summary: "Delete what setup made, and with --instances the fleet itself",
      load: async () => (await import("./setup/teardown.ts")).teardown,
    },
    {
      name: "doctor",
      summary: "Check the whole wiring, and say what mends what is broken",
      load: async () => (await import("./doctor/command.ts")).doctor,
    },
    {
      name: "iam-policy",
      summary: "The least IAM policy for the autoscaler or an operator",
      load: async () => (await import("./iam/iam_policy.ts")).iamPolicy,
    },
    {
      name: "ssh",
      summary: "Connect to an instance over SSH by its id, or run a command there",
      load: async () => (await import("./instances/ssh.ts")).ssh,
    },
    {
      name: "provision",
      summary: "Install or update kas on hosts over SSH",
      load: async () => (await import("./provision/command.ts")).provision,
    },
    {
      name: "user-data",
      summary: "Print user data with which an instance provisions itself on first boot",
      load: async () => (await import("./provision/user_data.ts")).userDataCommand,
    },
    {
      name: "load",
      summary: "Load a worker or load balancer with requests",
      load: async () => (await import("./load/command.ts")).load,
    },
    {
      name: "sandbox",
      summary: "Run a simulated AWS on this machine, to try kas without an account",
      load: async () => (await import("./sandbox/command.ts")).sandbox,
    },
    {
      name: "sns",
      summary: "Check captured SNS messages",
      load: async () => (await import("./topics/sns_verify.ts")).sns,
    },
    {
      name: "config",
      summary: "Each setting's effective value, and where it came from",
      load: async () => (await import("./settings/config.ts")).config,
    },
    {
      name: "completions",
      summary: "Completions for bash, zsh or fish",
      load: async () => (await import("./settings/completions.ts")).completions,
    },
  ],
};
