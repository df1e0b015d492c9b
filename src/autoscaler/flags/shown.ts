/**
 * The settings of a fleet as kas shows them on the status page and in the log. Hides secrets.
 *
 * @module
 */
import type { BalancerRef } from "../../aws/balancing/balancer.ts";
import { HIDDEN } from "../../cli/format.ts";
import { drainTargetText } from "../../health/drain.ts";
import { scrapeTargetText } from "../../health/scrape.ts";
import { healthCheckText } from "../../health/spec.ts";
import type { FleetOptions } from "../assembly_options.ts";

/** The settings by the names of their flags in camelCase. Durations are in ms. */
export type ShownSettings = Readonly<Record<string, string | number | boolean | undefined>>;

/** Returns the settings of a fleet. */
export function settingsOf(
  {
    fleet,
    topicArn,
    limits,
    schedules,
    metrics,
    startTimeout,
    drainTimeout,
    quarantineFor,
    scrape,
    resubscribe,
    alertUrl,
    dryRun,
    state,
  }: FleetOptions & { readonly state: string },
): ShownSettings {
  const { balancer, healthCheck, drain, ...selector } = fleet;
  return {
    ...selector,
    healthCheck: healthCheck && healthCheckText(healthCheck),
    ...settingOf(balancer),
    topicArn,
    ...limits,
    schedules: schedules?.list.map(({ name }) => name).join(", "),
    policies: limits.policies && (limits.policies.map(({ type }) => type).join(", ") || "none"),
    metrics: metrics && Object.keys(metrics).join(", "),
    startTimeout,
    drainTimeout,
    drainRequest: drain && drainTargetText(drain),
    quarantineFor,
    scrape: scrape && scrapeTargetText(scrape.target),
    scrapeInterval: scrape?.interval,
    resubscribe,
    alertUrl: alertUrl === undefined ? undefined : HIDDEN,
    dryRun,
    state,
  };
}

/** Returns the setting that names a balancer. */
export function settingOf(balancer: BalancerRef): Readonly<Record<string, string>> {
  switch (balancer.kind) {
    case "classic":
      return { loadBalancer: balancer.name };
    case "target-groups":
      return { targetGroup: balancer.arns.join(",") };
    case "none":
      return { balancer: "none" };
  }
}
