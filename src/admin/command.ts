/**
 * `kas admin`: the table of its commands. kas loads only the one that it runs.
 *
 * @module
 */
import type { Group } from "../cli/command.ts";

/** The command `kas admin`. */
export const admin: Group = {
  name: "admin",
  summary: "Set up, inspect and change a fleet",
  sections: {
    "Set up a fleet": ["setup", "doctor", "teardown", "iam-policy"],
    "Instances": ["instances", "provision", "user-data", "ssh", "ping"],
    "Scaling": ["scale", "activities", "explain", "replay"],
    "AWS resources": ["balancers", "alarms", "topics", "sns"],
    "Try it out": ["sandbox", "load"],
    "Configuration": ["config", "completions"],
  },
  firstSteps: [
    ["admin sandbox --empty", "simulate AWS on this machine; paste its export lines into the next shells"],
    [
      "admin instances create --role base --image AMI",
      "create an instance that always runs; the sandbox accepts any AMI",
    ],
    [
      "admin instances create --count 2 --image AMI",
      "create nodes, which the autoscaler starts and stops with the load",
    ],
    ["admin setup", "create the topic, the load balancer and the alarms"],
    [
      "autoscaler",
      "run the autoscaler in another shell; without the sandbox add --topic-arn ARN, without root --state DIR",
    ],
    [
      "admin setup --url http://127.0.0.1:10001",
      "subscribe the autoscaler to the topic; give the address where SNS reaches it",
    ],
    ["admin instances", "list the instances and their health"],
    ["admin scale in --warmup 0s", "scale in by one instance now; scale out reverses it"],
    ["admin balancers", "show the load balancer's DNS_NAME"],
    [
      "admin load --url http://DNS_NAME:30000 --clients 4 --duration 5m",
      "send more requests than one instance can serve, long enough for the alarms",
    ],
    ["admin activities", "list what the autoscaler did, and why"],
  ],
  commands: [
    {
      name: "instances",
      summary: "List, create, start, stop and terminate the fleet's instances",
      load: async () => (await import("./instances/command.ts")).instances,
    },
    {
      name: "balancers",
      summary: "List and create load balancers, register and deregister instances",
      load: async () => (await import("./balancers/command.ts")).balancers,
    },
    {
      name: "alarms",
      summary: "List, set, delete and test the fleet's alarms",
      load: async () => (await import("./alarms/command.ts")).alarms,
    },
    {
      name: "topics",
      summary: "List and create SNS topics, and manage the fleet's subscriptions",
      load: async () => (await import("./topics/command.ts")).topics,
    },
    {
      name: "scale",
      summary: "Scale out or in by one instance, with the autoscaler's checks",
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
      summary: "Check that instances or hosts answer (default: every running instance)",
      load: async () => (await import("./instances/ping.ts")).ping,
    },
    {
      name: "setup",
      summary: "Create the fleet's topic, load balancer, alarms and subscription",
      load: async () => (await import("./setup/command.ts")).setup,
    },
    {
      name: "teardown",
      summary: "Delete what setup created, and with --instances the instances",
      load: async () => (await import("./setup/teardown_command.ts")).teardown,
    },
    {
      name: "doctor",
      summary: "Check the fleet's whole setup, and print a command for each problem",
      load: async () => (await import("./doctor/command.ts")).doctor,
    },
    {
      name: "iam-policy",
      summary: "Print the minimal IAM policy for the autoscaler or an operator",
      load: async () => (await import("./iam/command.ts")).iamPolicy,
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
      summary: "Verify captured SNS messages",
      load: async () => (await import("./topics/sns_verify.ts")).sns,
    },
    {
      name: "config",
      summary: "Print each setting's effective value, and where it was set",
      load: async () => (await import("./settings/config.ts")).config,
    },
    {
      name: "completions",
      summary: "Print the completion script for bash, zsh or fish",
      load: async () => (await import("./settings/completions.ts")).completions,
    },
  ],
};
