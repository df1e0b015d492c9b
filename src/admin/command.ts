/**
 * `kas admin`: the table of its commands. kas loads only the command that it runs.
 *
 * @module
 */
import type { Group } from "../cli/command.ts";

/** The command `kas admin`. */
export const admin: Group = {
  name: "admin",
  summary: "Set up, inspect and change a fleet",
  sections: {
    "Set up a fleet": ["setup", "doctor", "teardown", "iam-policy", "cost"],
    "Instances": ["instances", "provision", "user-data", "ssh", "ping"],
    "Scaling": ["scale", "pause", "resume", "activities", "explain", "replay", "backtest"],
    "AWS resources": ["balancers", "alarms", "topics", "sns"],
    "Try it out": ["sandbox", "load"],
    "Configuration": ["config", "schedules", "completions"],
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
    ["admin setup --balancer classic", "create the topic, the load balancer and the alarms"],
    [
      "autoscaler",
      "run the autoscaler in another shell; with a real account add --topic-arn ARN; if you are not root add --state DIR",
    ],
    [
      "admin setup --url http://127.0.0.1:10001",
      "subscribe the autoscaler to the topic; the URL is the address at which SNS reaches the autoscaler",
    ],
    ["admin instances", "list the instances and their health"],
    ["admin scale in --warmup 0s", "stop one instance now; kas admin scale out starts it again"],
    ["admin balancers", "show the load balancer's DNS_NAME"],
    [
      "admin load --url http://DNS_NAME:30000/work --clients 4 --duration 5m",
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
      summary: "List and create SNS topics, and manage the subscriptions of the fleet's topic",
      load: async () => (await import("./topics/command.ts")).topics,
    },
    {
      name: "scale",
      summary: "Scale out or in by one instance, with the autoscaler's checks",
      load: async () => (await import("./instances/scale/command.ts")).scale,
    },
    {
      name: "pause",
      summary: "Pause scaling out, scaling in or both until a time or until kas admin resume",
      load: async () => (await import("./instances/pause.ts")).pause,
    },
    {
      name: "resume",
      summary: "End a pause of scaling out, scaling in or both",
      load: async () => (await import("./instances/pause.ts")).resume,
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
      summary: "Make every decision of a journal again, and print the decisions that differ",
      load: async () => (await import("./journal/replay.ts")).replay,
    },
    {
      name: "backtest",
      summary: "Compare scaling policies on a recorded load, and recommend one",
      load: async () => (await import("./backtest/command.ts")).backtest,
    },
    {
      name: "ping",
      summary: "Check that the services and autoscalers on instances or hosts answer",
      load: async () => (await import("./instances/ping/command.ts")).ping,
    },
    {
      name: "setup",
      summary: "Create the fleet's topic, load balancer, alarms and subscription",
      load: async () => (await import("./setup/command.ts")).setup,
    },
    {
      name: "teardown",
      summary: "Delete what kas admin setup created, and with --instances also the instances",
      load: async () => (await import("./setup/teardown_command.ts")).teardown,
    },
    {
      name: "doctor",
      summary: "Check the fleet's whole setup, and print a command that repairs each problem",
      load: async () => (await import("./doctor/command.ts")).doctor,
    },
    {
      name: "iam-policy",
      summary: "Print the minimal IAM policy for the autoscaler or an operator",
      load: async () => (await import("./iam/command.ts")).iamPolicy,
    },
    {
      name: "cost",
      summary: "Estimate what the fleet's control plane costs a month",
      load: async () => (await import("./setup/cost/command.ts")).cost,
    },
    {
      name: "ssh",
      summary: "Open a shell on an instance over SSH, or run a command there",
      load: async () => (await import("./instances/ssh.ts")).ssh,
    },
    {
      name: "provision",
      summary: "Install or update kas on hosts over SSH",
      load: async () => (await import("./provision/command.ts")).provision,
    },
    {
      name: "user-data",
      summary: "Print user data with which an instance installs kas on its first boot",
      load: async () => (await import("./provision/user_data.ts")).userDataCommand,
    },
    {
      name: "load",
      summary: "Send requests to a load balancer or an instance, and measure the responses",
      load: async () => (await import("./sandbox/load/command.ts")).load,
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
      summary: "Print the settings, and check a config file",
      load: async () => (await import("./settings/config.ts")).config,
    },
    {
      name: "schedules",
      summary: "List the next windows of the schedules, and the bounds of the capacity in them",
      load: async () => (await import("./settings/schedules.ts")).schedules,
    },
    {
      name: "completions",
      summary: "Print the completion script for bash, zsh or fish",
      load: async () => (await import("./settings/completions.ts")).completions,
    },
  ],
};
