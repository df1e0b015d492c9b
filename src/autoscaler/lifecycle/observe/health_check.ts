/**
 * kas's own health check of an instance, which the instance must pass before kas registers it (R9). It is the check of the load balancer,
 * or that of `--health-check`.
 *
 * @module
 */
import { getLogger } from "@logtape/logtape";
import { sharedChecks } from "../../../aws/balancing/shared_calls.ts";
import type { Aws } from "../../../aws/clients.ts";
import { describeError } from "../../../aws/error_messages.ts";
import type { Ec2Instance } from "../../../aws/ec2/instances.ts";
import { checkOnce, type CheckResult } from "../../../health/check_once.ts";
import { describeCheck, type HealthCheck, type HealthCheckSpec } from "../../../health/spec.ts";
import { isDenied } from "../../../aws/errors.ts";
import type { ActivityContext } from "../activity_context.ts";

/** A health check that can be repeated. */
export interface RepeatedCheck {
  /** Checks the instance once. Returns true if the instance passes, and undefined if not. */
  readonly attempt: () => Promise<true | undefined>;
  /**
   * Returns whether an attempt got an answer, so that a failure says something about the instance. False if only checks failed that got no
   * answer.
   */
  readonly answered: () => boolean;
  /** Returns the result of the last attempt for an error message. */
  readonly lastSeen: () => string | undefined;
}

/** What {@linkcode checksOf} needs of an activity's context. */
type CheckContext = Pick<ActivityContext, "environment" | "id" | "signal">;

/** The accounts for which kas has logged that it may not read the health check. */
const DENIED = new WeakSet<Aws>();

const log = getLogger(["kas", "activity"]);

/**
 * Returns the checks that kas makes of an instance. Empty if the load balancer alone decides whether the instance is healthy: if it makes
 * checks that kas cannot make, or if kas may not read them.
 */
export async function checksOf(
  { environment: { aws, fleet, runtime: { clock } }, id, signal }: CheckContext,
): Promise<readonly HealthCheck[]> {
  return [fleet.healthCheck ?? await balancerChecks()].flat().filter(isOwn);

  async function balancerChecks(): Promise<readonly HealthCheckSpec[]> {
    try {
      return (await sharedChecks(aws, fleet.balancer, clock.elapsed(), signal))(id);
    } catch (error) {
      if (!isDenied(error)) throw error;
      if (!DENIED.has(aws)) {
        log.error(
          "cannot read the load balancer's health check, so only the load balancer checks new instances",
          {
            reason: describeError(error).message,
            remedy: "kas admin iam, or --health-check",
          },
        );
      }
      DENIED.add(aws);
      return [];
    }
  }
}

function isOwn(spec: HealthCheckSpec): spec is HealthCheck {
  return spec.protocol !== "none";
}

/**
 * Returns the health check of an instance. An instance with several checks passes if it passes all of them.
 *
 * @param look returns the instance as EC2 shows it now. EC2 may show an address late
 */
export function healthCheck(
  context: CheckContext,
  instance: Ec2Instance,
  look: () => Promise<Ec2Instance | undefined>,
): RepeatedCheck {
  const { environment: { address, runtime }, id, signal } = context;
  let host = address(instance);
  let last: string | undefined;
  let answered = false;
  return {
    answered: () => answered,
    lastSeen: () => last,
    attempt: async () => {
      const checks = await checksOf(context);
      if (checks.length === 0) return true;
      if (host === undefined) {
        const found = await look();
        host = found && address(found);
      }
      const reached = host;
      if (reached === undefined) {
        last = `EC2 shows no address of ${id} for the health check`;
        return undefined;
      }
      const results = await Promise.all(checks.map((check) => checkOnce(runtime, check, reached, signal)));
      const failure = failureOf(results);
      if (failure === undefined) return true;
      answered ||= failure.answered;
      const check = checks[results.indexOf(failure)];
      last = `${check && describeCheck(check)} at ${reached}: ${failure.description}`;
      return undefined;
    },
  };
}

/** Returns the failure that says most about the service: one with an answer, if there is one. Undefined if all checks passed. */
function failureOf(results: readonly CheckResult[]): CheckResult | undefined {
  const failures = results.filter(({ passed }) => !passed);
  return failures.find(({ answered }) => answered) ?? failures[0];
}
