/**
 * Doctor's check of the load that the policies read.
 *
 * @module
 */
import { seconds } from "../../../cli/format.ts";
import { scrapeTargetText } from "../../../health/scrape.ts";
import type { Status } from "../autoscalers.ts";
import { type Check, type Finding, named, ok, orOk, warning } from "../check.ts";
import { required } from "../observation.ts";
import type { Scrapes } from "../scrapes.ts";
import { statusOf } from "./fleet.ts";

export const scrapes: Check = {
  name: "scrapes",
  expects:
    "each running instance shows its CPU at --scrape, to this machine and to the autoscaler; without --scrape, the policies target and adaptive have detailed monitoring",
  run: (observation) => {
    const { plan: { scrape, policies = [] }, instances, scrapes } = observation;
    if (scrape !== undefined) {
      const target = scrapeTargetText(scrape);
      const seen = statusOf(observation)?.scrapes ?? [];
      const findings = [...problemsHere(scrapes, target), ...problemsThere(seen)];
      return orOk(findings, [`${exporters(scrapes)} at ${target}`, ...ages(seen)].join(". "));
    }
    if (!policies.some(({ type }) => type === "target" || type === "adaptive")) {
      return ok("no policy reads the load");
    }
    const basic = required(instances).filter(({ state, monitoring }) =>
      state === "running" && monitoring !== "detailed"
    )
      .map(({ id }) => id);
    const finding = warning(
      `the policies read the CPU every five minutes only, because of basic monitoring: ${named(basic)}`,
      "--scrape http:9100/metrics, or kas admin setup",
    );
    return orOk(basic.length === 0 ? [] : [finding], "the policies read the CPU from CloudWatch each minute");
  },
};

type Seen = NonNullable<Status["scrapes"]>;

const REMEDY = "prometheus-node-exporter on the instances, or the port in their security group";

/** Returns which instances this machine cannot scrape. The autoscaler's machine may reach them. */
function problemsHere(scrapes: Scrapes, target: string): Finding[] {
  const problems = [...scrapes].flatMap(([id, { problem }]) =>
    problem === undefined ? [] : [{ id, problem }]
  );
  return Array.from(
    Map.groupBy(problems, ({ problem }) => problem),
    ([problem, found]) =>
      warning(
        `this machine cannot scrape ${named(found.map(({ id }) => id))} at ${target}: ${problem}`,
        REMEDY,
      ),
  );
}

/** Returns which instances the autoscaler could not scrape last. */
function problemsThere(seen: Seen): Finding[] {
  const failed = seen.flatMap(({ instance, age, why }) => why === null ? [] : [{ instance, age, why }]);
  return Array.from(Map.groupBy(failed, ({ why }) => why), ([why, found]) => {
    const names = found.map(({ instance, age }) =>
      `${instance} (${age === null ? "no sample yet" : `last sample ${since(age)} ago`})`
    );
    return warning(`the last scrape of the autoscaler failed on ${named(names)}: ${why}`, REMEDY);
  });
}

/** Returns what answers on the instances: `node_exporter on i-1, i-2`. */
function exporters(scrapes: Scrapes): string {
  const found = Map.groupBy([...scrapes], ([, { exporter }]) => exporter);
  return found.size === 0
    ? "no running instance"
    : Array.from(found, ([exporter, all]) => `${exporter} on ${named(all.map(([id]) => id))}`).join(", ");
}

/** Returns the instance whose last sample at the autoscaler is the oldest. Empty if the autoscaler shows none. */
function ages(seen: Seen): string[] {
  const [oldest] = seen.toSorted((a, b) => (b.age ?? 0) - (a.age ?? 0));
  if (oldest?.age === undefined || oldest.age === null) return [];
  return [`The autoscaler's oldest sample is ${since(oldest.age)} old (${oldest.instance})`];
}

/** Formats an age, given in seconds. */
function since(age: number): string {
  return seconds(Math.round(age * 1_000));
}
