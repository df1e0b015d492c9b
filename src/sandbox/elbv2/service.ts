/**
 * The sandbox's Elastic Load Balancing v2 service, with Application and Network Load Balancers.
 * Source: ELB API 2015-12-01, and the user guides where the API reference does not specify the behaviour.
 *
 * @module
 */
import { ACCOUNT_ID, type Service } from "../wire/action.ts";
import type { Snapshot } from "../account/snapshot.ts";
import { balancerActions } from "./balancer_actions.ts";
import { listenerActions } from "./listener_actions.ts";
import type { ElbV2Options } from "./options.ts";
import { tagActions } from "./tags.ts";
import { targetActions } from "./target_actions.ts";
import { targetGroupActions } from "./target_group_actions.ts";

/** Builds the sandbox's Elastic Load Balancing v2 service. */
export function elbV2(options: ElbV2Options): Service {
  const { account, faults, region } = options;
  const read = (): Snapshot => account.snapshotAgo(faults.readAge());
  let arns = 0;
  const arn = (path: string): string => {
    const suffix = (++arns).toString(16).padStart(16, "0");
    return `arn:aws:elasticloadbalancing:${region}:${ACCOUNT_ID}:${path}/${suffix}`;
  };
  return {
    ...balancerActions(options, read, arn),
    ...listenerActions(options, read, arn),
    ...targetGroupActions(options, read, arn),
    ...targetActions(options, read),
    ...tagActions(account, read),
  };
}
