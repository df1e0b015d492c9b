/**
 * Doctor's checks of the access to AWS: credentials, permissions, the clock.
 *
 * @module
 */
import { isAccessFailure, isDenied } from "../../../aws/errors.ts";
import { describeError } from "../../../aws/error_messages.ts";
import type { CommandLine } from "../../../cli/command_line.ts";
import { seconds } from "../../../cli/format.ts";
import { type Check, failed, type Finding, ok, orOk, skipped, warning } from "../check.ts";
import { failures, type Observation, type Plan, required } from "../observation.ts";

/**
 * Minimum difference between the clocks with which AWS refuses a signature, in ms. Source: IAM User Guide, "Troubleshoot Signature
 * Version 4 requests".
 */
const REFUSED_SKEW = 300_000;

/**
 * Minimum difference between the clocks with which this machine's clock counts as not synchronized, in ms. With NTP the
 * difference is
 * below one second, and the header Date of AWS's responses is in whole seconds.
 */
const UNSYNCHRONIZED_SKEW = 5_000;

export const credentials: Check = {
  name: "credentials",
  expects: "AWS is reachable and accepts the credentials",
  run: (observation) => {
    const [first] = outOfReach(observation);
    if (first === undefined) return ok("AWS accepts the credentials");
    const { message, hint } = describeError(first.error);
    return [failed(message, hint)];
  },
};

/** Returns the failures because AWS is unreachable or refuses the credentials. */
function outOfReach(observation: Observation) {
  return failures(observation).filter(({ error }) => isAccessFailure(error));
}

export const reading: Check = {
  name: "reading",
  expects: "AWS answers each of doctor's read requests",
  run: (observation) => {
    if (outOfReach(observation).length > 0) return skipped("AWS does not answer");
    const policy = observation.plan.kas("iam-policy", "admin");
    // One finding for each action, even if doctor requested the action several times.
    const findings = new Map(
      failures(observation).map(({ action, error }) => {
        const { message, hint } = describeError(error);
        return [
          action,
          isDenied(error) ? failed(`${action} is denied`, policy) : failed(`${action}: ${message}`, hint),
        ];
      }),
    );
    return orOk([...findings.values()], "AWS answered every read request");
  },
};

export const permissions: Check = {
  name: "permissions",
  expects: "the credentials allow starting, stopping, tagging and launching instances (tested with DryRun)",
  run: ({ instances, allowed, plan }) => {
    required(instances);
    if (allowed.length === 0) return skipped("the fleet has no node to test the permissions on");
    const findings = allowed.flatMap(({ action, allowed }): Finding[] => {
      // Without --grow only an operator launches instances, so that kas can scale the fleet without this permission.
      const isOperatorsOnly = action === "RunInstances" && plan.grow === undefined;
      const finding = isOperatorsOnly ? warning : failed;
      if ("failed" in allowed) {
        const { message, hint } = describeError(allowed.failed.error);
        return [finding(`ec2:${action} would fail: ${message}`, hint)];
      }
      if (allowed.value) return [];
      const policy = isOperatorsOnly ? ["admin"] : autoscalerPolicy(plan);
      return [finding(`ec2:${action} is denied to these credentials`, plan.kas("iam-policy", ...policy))];
    });
    return orOk(findings, `EC2 allows ${allowed.map(({ action }) => action).join(", ")}`);
  },
};

/** Returns the arguments of `kas admin iam-policy` for an autoscaler with these settings. */
function autoscalerPolicy({ grow, shrink }: Plan): CommandLine {
  return [
    "autoscaler",
    ...(grow === undefined ? [] : ["--grow", grow]),
    ...(shrink === "stop" ? [] : ["--shrink", shrink]),
  ];
}

export const clock: Check = {
  name: "clock",
  expects: "the clock of this machine shows the same time as AWS's clock",
  run: ({ ahead }) => {
    if (ahead === undefined) return skipped("AWS did not answer");
    const skew = Math.abs(ahead);
    if (skew < UNSYNCHRONIZED_SKEW) {
      return ok(`the clocks of this machine and of AWS differ by less than ${seconds(UNSYNCHRONIZED_SKEW)}`);
    }
    const wholeSeconds = seconds(Math.round(skew / 1_000) * 1_000);
    const detail = `this machine's clock is ${wholeSeconds} ${ahead > 0 ? "behind" : "ahead of"} AWS's`;
    const remedy = ["sudo", "timedatectl", "set-ntp", "true"];
    return skew < REFUSED_SKEW ? [warning(detail, remedy)] : [
      failed(
        `${detail}; AWS refuses requests if the difference is ${seconds(REFUSED_SKEW)} or more`,
        remedy,
      ),
    ];
  },
};
