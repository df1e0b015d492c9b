/**
 * Doctor's checks of the path of a notification: the topic, the subscription, and the autoscaler.
 *
 * @module
 */
import { topicName } from "../../../account.ts";
import { AUTOSCALER_PORT } from "../../../../provision/host/paths.ts";
import { autoscalerOf, fleetWords, hasFleet, isSame } from "../../autoscalers.ts";
import { type Check, failed, type Finding, ok, orOk, skipped, warning } from "../../check.ts";
import { type Observation, required } from "../../observation.ts";
import { autoscalerCommand } from "../../remedies.ts";

const PULL = "with --pull the autoscaler polls the alarms";
const NO_TOPIC = "the fleet has no topic";

export const topic: Check = {
  name: "topic",
  expects: "the topic exists, and the autoscaler accepts the topic's messages",
  run: (observation) => {
    const { plan, topic, autoscalers } = observation;
    if (plan.pull) return skipped(PULL);
    const found = required(topic);
    if (found === undefined) {
      const { topicArn } = plan;
      return topicArn === undefined
        ? [failed(`there is no topic ${plan.fleet}`, plan.kas("setup"))]
        : [failed(`there is no topic ${topicArn}`, plan.kas("topics", "create", topicName(topicArn)))];
    }
    const settings = autoscalerOf(autoscalers, plan.url, plan.fleet)?.status?.settings;
    if (settings === undefined || settings.topicArn === found.arn) return ok(found.arn);
    const detail = settings.topicArn === undefined
      ? "the autoscaler accepts no messages: it runs with --pull"
      : `the autoscaler accepts the messages of ${settings.topicArn}, not of ${found.arn}`;
    return [failed(detail, ["kas", "autoscaler", "--topic-arn", found.arn])];
  },
};

/** Returns the HTTP subscriptions of the topic, or undefined if there is no topic. */
function endpoints({ topic, plan }: Observation) {
  const all = plan.pull ? undefined : required(topic)?.subscriptions;
  return all?.filter(({ protocol, status }) => /^https?$/.test(protocol) && status !== "deleted");
}

/** Returns the URL at which the autoscaler on a control instance receives notifications. */
function controlUrl({ instances }: Observation): string {
  const control = "value" in instances
    ? instances.value.find(({ role, publicDns }) => role === "control" && publicDns !== undefined)
    : undefined;
  return `http://${control?.publicDns ?? "HOST"}:${AUTOSCALER_PORT}/`;
}

export const subscription: Check = {
  name: "subscription",
  expects: "the autoscaler's URL is subscribed to the topic, and the subscription is confirmed",
  run: (observation) => {
    const { plan, autoscalers } = observation;
    const all = endpoints(observation);
    if (all === undefined) return skipped(plan.pull ? PULL : NO_TOPIC);
    const confirmed = all.filter(({ status }) => status === "confirmed");
    const subscribe = plan.kas("setup", "--url", plan.url ?? controlUrl(observation));
    if (confirmed.length === 0) {
      const [pending] = all;
      const detail = pending === undefined
        ? "the topic has no subscription"
        : `the subscription of ${pending.endpoint} is not confirmed`;
      return [failed(detail, subscribe)];
    }
    const ours = autoscalerOf(autoscalers, plan.url, plan.fleet);
    const answerAt = (endpoint: string) => autoscalers.find(({ url }) => url === endpoint);
    const elsewhere = confirmed.filter(({ endpoint }) => {
      const there = answerAt(endpoint);
      return there === undefined || ours === undefined || !isSame(there, ours);
    });
    const findings: Finding[] = [];
    if (elsewhere.length === confirmed.length && ours !== undefined) {
      findings.push(
        failed(`SNS sends the messages to ${elsewhere[0]?.endpoint}, not to ${ours.url}`, subscribe),
      );
    }
    for (const { endpoint, arn } of elsewhere) {
      const there = answerAt(endpoint);
      // The check "one-autoscaler" reports a second autoscaler of this fleet.
      if (there !== undefined && hasFleet(there, plan.fleet)) continue;
      const problem = there?.problem ?? "no autoscaler of this fleet answers";
      const detail = `${endpoint} is also subscribed, but is not the fleet's autoscaler: ${problem}`;
      findings.push(warning(detail, plan.kas("topics", "unsubscribe", arn)));
    }
    return orOk(findings, `confirmed: ${confirmed.map(({ endpoint }) => endpoint).join(", ")}`);
  },
};

export const autoscaler: Check = {
  name: "autoscaler",
  expects: "an autoscaler of this fleet answers",
  run: (observation) => {
    const { autoscalers, plan } = observation;
    const ours = autoscalerOf(autoscalers, plan.url, plan.fleet);
    if (ours === undefined) return skipped("the autoscaler's URL is unknown: give --url");
    const { url, problem, identity } = ours;
    const remedy = autoscalerCommand(observation);
    if (problem !== undefined) {
      return [failed(`no autoscaler answers at ${new URL("/ping", url)}: ${problem}`, remedy)];
    }
    if (identity === undefined) return [failed(`the server at ${url} is not a kas autoscaler`, remedy)];
    if (ours.down !== undefined) return [failed(`at ${url}: ${ours.down}`)];
    return hasFleet(ours, plan.fleet)
      ? ok(`kas ${identity.version} at ${url}, running since ${identity.started}`)
      : [
        failed(
          `the autoscaler at ${url} scales ${identity.fleet.replaceAll(",", ", ")}, not fleet ${plan.fleet}`,
          remedy,
        ),
      ];
  },
};

export const oneAutoscaler: Check = {
  name: "one-autoscaler",
  expects: "no second autoscaler acts on the same messages",
  run: (observation) => {
    const { autoscalers, plan } = observation;
    const all = endpoints(observation);
    if (all === undefined) return skipped(plan.pull ? PULL : NO_TOPIC);
    const ours = autoscalerOf(autoscalers, plan.url, plan.fleet);
    const others = all.filter(({ endpoint, status }) => {
      const there = autoscalers.find(({ url }) => url === endpoint);
      return status === "confirmed" && there !== undefined && hasFleet(there, plan.fleet) &&
        ours !== undefined && !isSame(there, ours);
    });
    const findings = others.map(({ endpoint, arn }) =>
      failed(
        `a second autoscaler of fleet ${plan.fleet} at ${endpoint} acts on the same messages`,
        plan.kas("topics", "unsubscribe", arn),
      )
    );
    return orOk(findings, "no other autoscaler is subscribed");
  },
};

export const reconcile: Check = {
  name: "reconcile",
  expects: "the autoscaler can read the fleet",
  run: ({ autoscalers, plan }) => {
    const status = autoscalerOf(autoscalers, plan.url, plan.fleet)?.status;
    if (status === undefined) {
      return skipped("no autoscaler answers, or this machine cannot reach the autoscaler's /status");
    }
    const { observation } = status;
    if (observation === null) return skipped("the autoscaler has not observed the fleet yet");
    if (observation.error === null) return ok("the autoscaler's last observation succeeded");
    const detail = `the autoscaler cannot read the fleet: ${observation.error}`;
    const remedy = /\((LoadBalancer|TargetGroup)NotFound\)/.test(observation.error)
      ? "start the autoscaler with the KAS_TARGET_GROUP or KAS_BALANCER that kas admin setup prints"
      : plan.kas("iam-policy", "autoscaler");
    return [failed(detail, remedy)];
  },
};

export const paused: Check = {
  name: "paused",
  expects: "no operator has paused the scaling",
  run: ({ autoscalers, plan }) => {
    const ours = autoscalerOf(autoscalers, plan.url, plan.fleet);
    const status = ours?.status;
    if (status?.paused === undefined) {
      return skipped("no autoscaler answers, or this machine cannot reach the autoscaler's /status");
    }
    const findings = Object.entries(status.paused).map(([direction, { until, reason }]) =>
      warning(
        `an operator paused scaling ${direction}${until === null ? "" : ` until ${until}`}${
          reason === null ? "" : `: ${reason}`
        }`,
        ["kas", "admin", "resume", direction, ...fleetWords(ours, plan.fleet)],
      )
    );
    return orOk(findings, "scaling is not paused");
  },
};

export const override: Check = {
  name: "override",
  expects: "no capacity of an operator replaces the alarms",
  run: ({ autoscalers, plan }) => {
    const ours = autoscalerOf(autoscalers, plan.url, plan.fleet);
    const status = ours?.status;
    if (status?.override === undefined) {
      return skipped("no autoscaler answers, or this machine cannot reach the autoscaler's /status");
    }
    // Without --for, the operator's capacity ends as soon as the fleet has this capacity.
    if (status.override === null || status.override.once) return ok("the policies decide the capacity");
    const { capacity, until } = status.override;
    return [
      warning(`an operator asked for a capacity of ${capacity} until ${until}`, [
        "kas",
        "admin",
        "scale",
        "auto",
        ...fleetWords(ours, plan.fleet),
      ]),
    ];
  },
};

export const alerts: Check = {
  name: "alerts",
  expects: "the autoscaler raises no alert",
  run: ({ autoscalers, plan }) => {
    const status = autoscalerOf(autoscalers, plan.url, plan.fleet)?.status;
    if (status?.alerts === undefined) {
      return skipped("no autoscaler answers, or this machine cannot reach the autoscaler's /status");
    }
    const findings = status.alerts.map(({ name, reason, since }) =>
      failed(`alert ${name} since ${since}: ${reason}`, plan.kas("activities"))
    );
    return orOk(findings, "no alert is firing");
  },
};
