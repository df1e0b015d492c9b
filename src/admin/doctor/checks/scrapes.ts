/**
 * Doctor's check of the load that the policies read.
 *
 * @module
 */
import { counted } from "../../../cli/format.ts";
import { scrapeTargetText } from "../../../health/scrape.ts";
import { type Check, named, ok, orOk, warning } from "../check.ts";
import { required } from "../observation.ts";

export const scrapes: Check = {
  name: "scrapes",
  expects:
    "each running instance shows its CPU at --scrape; without --scrape, the policies target and adaptive have detailed monitoring",
  run: ({ plan: { scrape, policies = [] }, instances, scrapes }) => {
    if (scrape !== undefined) {
      const target = scrapeTargetText(scrape);
      const problems = [...scrapes].flatMap(([id, problem]) =>
        problem === undefined ? [] : [{ id, problem }]
      );
      const findings = Array.from(Map.groupBy(problems, ({ problem }) => problem), ([problem, found]) =>
        // The autoscaler's machine may reach an instance that this machine does not reach.
        warning(
          `this machine cannot scrape ${named(found.map(({ id }) => id))} at ${target}: ${problem}`,
          "prometheus-node-exporter on the instances, or the port in their security group",
        ));
      return orOk(findings, `${counted(scrapes.size, "instance")} at ${target}`);
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
