/**
 * Doctor's checks of the way from the alarms to the autoscaler: topic, subscription, and who answers.
 *
 * @module
 */
import { lastPart } from "../account.ts";
import { AUTOSCALER_PORT } from "../instances/ping.ts";
import { autoscalerOf, isSame } from "./autoscalers.ts";
import { type Check, failed, type Finding, ok, orOk, skipped, warning } from "./check.ts";
import { type Facts, known } from "./facts.ts";
import { start } from "./mending.ts";

/** Where a control instance takes notifications. */
function addressOf(facts: Facts): string {
  const control = "value" in facts.instances
    ? facts.instances.value.find(({ role, publicDns }) => role === "control" && publicDns !== undefined)
    : undefined;
  return `http://${control?.publicDns ?? "HOST"}:${AUTOSCALER_PORT}/`;
}

const PULL = "alarms are only read: --pull";

export const topic: Check = {
  name: "topic",
  about: "the topic is there, and the autoscaler takes its messages",
  run: (facts) => {
    const { plan, topic, autoscalers } = facts;
    if (plan.pull) return skipped(PULL);
    const found = known(topic);
    if (found === undefined) {
      const { topicArn } = plan;
      return topicArn === undefined
        ? [failed(`there is no topic ${plan.fleet}`, plan.kas("setup"))]
        : [failed(`there is no topic ${topicArn}`, plan.kas(`topics create ${lastPart(topicArn)}`))];
    }
    const theirs = autoscalerOf(autoscalers, plan.url, plan.fleet)?.status?.settings;
    if (theirs === undefined || theirs.topicArn === found.arn) return ok(found.arn);
    const detail = theirs.topicArn === undefined
      ? "the autoscaler takes no messages: it runs with --pull"
      : `the autoscaler takes the messages of ${theirs.topicArn}, not of ${found.arn}`;
    return [failed(detail, `kas autoscaler --topic-arn ${found.arn}`)];
  },
};

/** The subscriptions of HTTP endpoints, and what may be wrong with all of them. */
function endpoints({ topic, plan }: Facts) {
  const all = plan.pull ? undefined : known(topic)?.subscriptions;
  return all?.filter(({ protocol, status }) => /^https?$/.test(protocol) && status !== "deleted");
}

export const subscription: Check = {
  name: "subscription",
  about: "the autoscaler's address is subscribed to the topic, and has confirmed",
  run: (facts) => {
    const { plan, autoscalers } = facts;
    const all = endpoints(facts);
    if (all === undefined) return skipped(plan.pull ? PULL : "there is no topic");
    const confirmed = all.filter(({ status }) => status === "confirmed");
    const subscribe = plan.kas(`setup --url ${plan.url ?? addressOf(facts)}`);
    if (confirmed.length === 0) {
      const [pending] = all;
      return [
        failed(
          pending === undefined
            ? "nobody is subscribed to the topic"
            : `${pending.endpoint} has not confirmed`,
          subscribe,
        ),
      ];
    }
    const ours = autoscalerOf(autoscalers, plan.url, plan.fleet);
    const leadsTo = (endpoint: string) => {
      const there = autoscalers.find(({ url }) => url === endpoint);
      return there !== undefined && ours !== undefined && isSame(there, ours);
    };
    const elsewhere = confirmed.filter(({ endpoint }) => !leadsTo(endpoint));
    const findings: Finding[] = [];
    if (elsewhere.length === confirmed.length && ours !== undefined) {
      findings.push(failed(`messages go to ${elsewhere[0]?.endpoint}, not to ${ours.url}`, subscribe));
    }
    for (const { endpoint, arn } of elsewhere) {
      const there = autoscalers.find(({ url }) => url === endpoint);
      // Two that answer are the next check's.
      if (there?.identity?.fleet === plan.fleet) continue;
      const detail = `${endpoint} is subscribed as well, where ${
        there?.problem ?? "no autoscaler of this fleet"
      } answers`;
      findings.push(warning(detail, plan.kas(`topics unsubscribe ${arn}`)));
    }
    return orOk(findings, `${confirmed.map(({ endpoint }) => endpoint).join(", ")} is confirmed`);
  },
};

export const autoscaler: Check = {
  name: "autoscaler",
  about: "the autoscaler answers, for this fleet",
  run: (facts) => {
    const { autoscalers, plan } = facts;
    const ours = autoscalerOf(autoscalers, plan.url, plan.fleet);
    if (ours === undefined) return skipped("no address of it is known: say --url");
    if (ours.problem !== undefined) {
      return [failed(`nobody answers at ${new URL("/ping", ours.url)}: ${ours.problem}`, start(facts))];
    }
    const { identity } = ours;
    if (identity === undefined) {
      return [failed(`what answers at ${ours.url} is no kas autoscaler`, start(facts))];
    }
    return identity.fleet === plan.fleet
      ? ok(`${identity.version} at ${ours.url}, since ${identity.started}`)
      : [failed(`the autoscaler at ${ours.url} is fleet ${identity.fleet}'s`, start(facts))];
  },
};

export const oneAutoscaler: Check = {
  name: "one-autoscaler",
  about: "no second autoscaler acts on the same messages",
  run: (facts) => {
    const { autoscalers, plan } = facts;
    const all = endpoints(facts);
    if (all === undefined) return skipped(plan.pull ? PULL : "there is no topic");
    const ours = autoscalerOf(autoscalers, plan.url, plan.fleet);
    const others = all.filter(({ endpoint, status }) => {
      const there = autoscalers.find(({ url }) => url === endpoint);
      return status === "confirmed" && there?.identity?.fleet === plan.fleet && ours !== undefined &&
        !isSame(there, ours);
    });
    const findings = others.map(({ endpoint, arn }) =>
      failed(
        `a second autoscaler of fleet ${plan.fleet} takes the same messages at ${endpoint}: each acts on every one`,
        plan.kas(`topics unsubscribe ${arn}`),
      )
    );
    return orOk(findings, "no other one is subscribed");
  },
};

export const resync: Check = {
  name: "resync",
  about: "the autoscaler can read the fleet itself",
  run: ({ autoscalers, plan }) => {
    const status = autoscalerOf(autoscalers, plan.url, plan.fleet)?.status;
    if (status === undefined) {
      return skipped("no autoscaler tells how it fares: /status is closed, or nobody answers");
    }
    const { observation } = status;
    if (observation === null) return skipped("the autoscaler has not looked at the fleet yet");
    if (observation.error === null) return ok("its last look at the fleet succeeded");
    const detail = `the autoscaler can't read the fleet: ${observation.error}`;
    return [failed(detail, plan.kas("iam-policy autoscaler"))];
  },
};
