/**
 * Doctor's checks of the health of the instances: at the load balancer, and as this machine sees it.
 *
 * @module
 */
import { titleOf } from "../../../aws/balancing/balancer.ts";
import { type Health, isInitial } from "../../../aws/balancing/health.ts";
import { healthCheckText } from "../../../health/spec.ts";
import { recent } from "../../../scaling/model/observation.ts";
import { type Check, failed, type Finding, listed, named, ok, orOk, skipped, warning } from "../check.ts";
import { type Observation, required } from "../observation.ts";
import { busyInstances, withBalancer } from "./balancer.ts";
import { members, statusOf } from "./fleet.ts";

/** The default of `--start-timeout`, in ms. */
const START_TIMEOUT = 300_000;

export const healthCheck: Check = {
  name: "health-check",
  expects: "running instances pass the load balancer's health check, or that of --health-check",
  run: ({ plan, services, ...observation }) => {
    const { healthCheck } = plan;
    const found = required(observation.balancer);
    const check = healthCheck === undefined
      ? found && `the health check of ${found.name} is ${found.healthCheck}`
      : `--health-check is ${healthCheckText(healthCheck)}`;
    if (check === undefined && plan.balancer.kind === "none") {
      return ok("EC2's status checks decide whether an instance is healthy");
    }
    if (check === undefined) return skipped(`there is no ${titleOf(plan.balancer)}`);
    // An instance that does not answer this machine may answer the load balancer.
    const answers = [...services.values()].flatMap((answer) => "passed" in answer ? [answer] : []);
    const [first] = answers;
    if (first === undefined || answers.some(({ passed }) => passed)) return ok(check);
    return [failed(`${check}, and no instance passes it: ${first.description}`, plan.kas("ping"))];
  },
};

export const health: Check = {
  name: "health",
  expects: "every registered instance that is running is in service",
  run: (observation) => {
    const { plan } = observation;
    if (plan.balancer.kind === "none") return inService(observation, "EC2");
    return withBalancer(observation, ({ name }) => inService(observation, name));
  },
};

/** Returns the findings about running instances that are out of service at a load balancer, or without one. */
function inService(observation: Observation, name: string): readonly Finding[] {
  const running = new Set(
    members(observation).filter(({ state }) => state === "running").map(({ id }) => id),
  );
  const busy = busyInstances(observation);
  const ours = required(observation.health).filter(({ id }) => running.has(id));
  const isNew = newInstances(observation);
  const out = ours.filter(({ id, registration }) => registration === "out-of-service" && !busy.has(id));
  const byFinding = Map.groupBy(
    out,
    (it) => JSON.stringify([it.description, isInitial(it), isNew.has(it.id)]),
  );
  const findings = Array.from(byFinding.values(), (found) => outOfService(observation, name, found, isNew));
  return orOk(findings, `${ours.length} in service`);
}

/** Returns the finding about instances that are out of service for the same reason. All of them are new, or none is. */
function outOfService(
  { plan }: Observation,
  name: string,
  found: readonly Health[],
  newOnes: ReadonlySet<string>,
): Finding {
  const ids = found.map(({ id }) => id);
  const [first] = found;
  const detail = `${named(ids)}: ${first?.description}`;
  if (first !== undefined && isInitial(first)) {
    return { result: "skipped", detail: `not in service at ${name} yet: ${detail}` };
  }
  const [group] = first?.missing ?? [];
  const remedy = plan.kas(
    ...(group === undefined ? ["ping"] : ["balancers", "register", group]),
    ...listed(ids),
  );
  if (group === undefined && ids.every((id) => newOnes.has(id))) {
    return warning(`not in service at ${name} yet, and perhaps still starting: ${detail}`, remedy);
  }
  return failed(`out of service at ${name}: ${detail}`, remedy);
}

/**
 * Returns the ids of the instances that EC2 started less than the start timeout ago. Their service may be starting: the autoscaler gives
 * them this time too (R21).
 */
function newInstances(observation: Observation): ReadonlySet<string> {
  const timeout = statusOf(observation)?.settings.startTimeout ?? START_TIMEOUT;
  const now = Date.now() + (observation.ahead ?? 0);
  return new Set(
    members(observation).filter(({ launched }) => recent(launched, timeout, now)).map(({ id }) => id),
  );
}
