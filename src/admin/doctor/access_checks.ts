/**
 * Doctor's checks of the way to AWS: credentials, permissions, the clock.
 *
 * @module
 */
import { isAccessFailure, isDenied } from "../../aws/errors.ts";
import { describeError } from "../../aws/error_messages.ts";
import { type Check, failed, type Finding, ok, orOk, skipped, warning } from "./check.ts";
import { type Facts, failures, known, type Plan } from "./facts.ts";

/** From where on AWS refuses what is signed, ms. Source: IAM user guide, "Troubleshoot Signature Version 4 requests". */
const REFUSED_SKEW = 300_000;

/** From where on the clock is not kept: what keeps it is off by less than a second, and AWS's Date is whole seconds, ms. */
const ODD_SKEW = 5_000;

export const credentials: Check = {
  name: "credentials",
  about: "AWS can be reached and takes the credentials",
  run: (facts) => {
    const [first] = outOfReach(facts);
    if (first === undefined) return ok("AWS takes them");
    const { message, hint } = describeError(first.error);
    return [failed(message, hint)];
  },
};

/** A fact of each kind of failure. */
function outOfReach(facts: Facts) {
  return failures(facts).filter(({ error }) => isAccessFailure(error));
}

export const reading: Check = {
  name: "reading",
  about: "AWS tells all that doctor asks for",
  run: (facts) => {
    if (outOfReach(facts).length > 0) return skipped("AWS does not answer");
    const policy = facts.plan.kas("iam-policy admin");
    // What several facts wanted in vain is told once.
    const told = new Map(
      failures(facts).map(({ needs, error }) => {
        const { message, hint } = describeError(error);
        return [
          needs,
          isDenied(error) ? failed(`${needs} is denied`, policy) : failed(`${needs}: ${message}`, hint),
        ];
      }),
    );
    return orOk([...told.values()], "AWS tells what it is asked for");
  },
};

export const permissions: Check = {
  name: "permissions",
  about: "the credentials allow to start, stop, tag and launch instances, asked by DryRun",
  run: ({ instances, allowed, plan }) => {
    known(instances);
    if (allowed.length === 0) return skipped("there is no node to ask for");
    const findings = allowed.flatMap(({ action, allowed }): Finding[] => {
      // What only an operator needs is no failure of the fleet's.
      const wrong = action === "RunInstances" && plan.grow === undefined ? warning : failed;
      if ("failed" in allowed) {
        const { message, hint } = describeError(allowed.failed.error);
        return [wrong(`ec2:${action} would fail: ${message}`, hint)];
      }
      if (allowed.value) return [];
      const words = action === "RunInstances" && plan.grow === undefined
        ? "admin"
        : growing("autoscaler", plan);
      return [wrong(`ec2:${action} is denied to these credentials`, plan.kas(`iam-policy ${words}`))];
    });
    return orOk(findings, `EC2 allows ${allowed.map(({ action }) => action).join(", ")}`);
  },
};

/** The policy of an autoscaler that is set so. */
function growing(who: string, { grow, shrink }: Plan): string {
  return [
    who,
    ...(grow === undefined ? [] : [`--grow ${grow}`]),
    ...(shrink === "stop" ? [] : [`--shrink ${shrink}`]),
  ]
    .join(" ");
}

export const clock: Check = {
  name: "clock",
  about: "this machine's clock agrees with AWS's",
  run: ({ ahead }) => {
    if (ahead === undefined) return skipped("AWS did not answer");
    const off = Math.abs(ahead);
    const seconds = `${Math.round(off / 1_000)} s`;
    if (off < ODD_SKEW) return ok("it agrees with AWS's to within seconds");
    const detail = `this machine's clock is ${seconds} ${ahead > 0 ? "behind" : "ahead of"} AWS's`;
    const mend = "sudo timedatectl set-ntp true";
    return off < REFUSED_SKEW
      ? [warning(detail, mend)]
      : [failed(`${detail}, which refuses signatures from ${REFUSED_SKEW / 1_000} s on`, mend)];
  },
};
