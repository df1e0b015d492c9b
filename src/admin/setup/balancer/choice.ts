/**
 * Which load balancer `kas admin setup` sets up: one that it creates, one of the operator's own, or none.
 *
 * @module
 */
import { type BalancerRef, balancerRef } from "../../../aws/balancing/balancer.ts";
import { findBalancer } from "../../../aws/balancing/classic_balancer.ts";
import { groupName } from "../../../aws/balancing/target_group.ts";
import type { HealthCheckPlan } from "../../../aws/balancing/target_group_settings.ts";
import type { ListenerPlan } from "../../../aws/balancing/v2/listeners.ts";
import type { BalancerType } from "../../../aws/balancing/v2/load_balancers.ts";
import type { Group } from "../../../aws/balancing/v2/target_groups.ts";
import type { Aws } from "../../../aws/clients.ts";
import { kebab, UsageError, type Values } from "../../../cli/command.ts";
import type { AccountFlags } from "../../account.ts";
import { findMadeGroup, isBalancerName } from "./made.ts";
import { type BALANCER_OPTIONS, CREATE_GROUP } from "./options.ts";
import { refuseOthers } from "./owner.ts";

/** An Application or Network Load Balancer that setup creates, or has created before. */
export interface LoadBalancerPlan {
  readonly kind: "made";
  /** The name of the load balancer and of its target group: the fleet's name. */
  readonly name: string;
  readonly type: BalancerType;
  /** The listeners that the load balancer shall have at least. */
  readonly listeners: readonly ListenerPlan[];
  /** The port of the service. Undefined: the port of the existing target group. */
  readonly forward: number | undefined;
  /** Undefined: the existing health check, or the default for a new target group. */
  readonly healthCheck: HealthCheckPlan | undefined;
  /** Ids of subnets. Empty: kas chooses. */
  readonly subnets: readonly string[];
}

/** The load balancer that setup sets up. */
export type BalancerChoice = BalancerRef | LoadBalancerPlan;

/** The flags that choose a load balancer. */
export type ChoiceFlags =
  & Pick<AccountFlags, "fleet" | "balancer" | "loadBalancer" | "targetGroup">
  & Values<typeof BALANCER_OPTIONS>;

/**
 * Returns the load balancer that the flags choose.
 *
 * @param namesClassic whether the operator names a Classic Load Balancer with the flag `--load-balancer`
 * @throws {UsageError} if the flags choose none, contradict each other, or choose the load balancer of another fleet
 */
export async function chooseBalancer(
  aws: Aws,
  flags: ChoiceFlags,
  namesClassic: boolean,
  signal: AbortSignal,
): Promise<BalancerChoice> {
  const { fleet, balancer, loadBalancer, targetGroup: [arn, ...others] } = flags;
  if (balancer === "none") return withoutOptions("--balancer none", flags, balancerRef(flags));
  if (arn !== undefined) {
    if (balancer === "classic") {
      throw new UsageError("--balancer classic and --target-group exclude each other");
    }
    const mayBeMade = others.length === 0 && groupName(arn) === fleet;
    const group = mayBeMade ? await findMadeGroup(aws, fleet, signal) : undefined;
    if (group?.arn === arn) {
      return planOf(flags, balancer ?? typeOf(group));
    }
    await refuseOthers(aws, balancerRef(flags), fleet, signal);
    const own = `target group ${groupName(arn)}, which kas admin setup did not create`;
    return withoutOptions(own, flags, balancerRef(flags), ["healthCheck"], CREATE_GROUP);
  }
  if (balancer === "application" || balancer === "network") {
    if (namesClassic) {
      throw new UsageError(
        `--balancer ${balancer} and --load-balancer, which is a classic one, exclude each other`,
      );
    }
    return planOf(flags, balancer);
  }
  if (balancer === "classic" && loadBalancer === undefined) checkName(fleet);
  const isClassic = balancer === "classic" || loadBalancer !== undefined ||
    (isBalancerName(fleet) && await findBalancer(aws, fleet, signal) !== undefined);
  if (isClassic) {
    const classic = withoutOptions("a classic load balancer", flags, balancerRef(flags));
    await refuseOthers(aws, classic, fleet, signal);
    return classic;
  }
  const made = await findMadeGroup(aws, fleet, signal);
  if (made !== undefined) return planOf(flags, typeOf(made));
  throw new UsageError(
    "kas admin setup needs a kind of load balancer: --balancer application, network, classic or none, or --target-group ARN",
    "kas admin setup --balancer application --listen http:80 --forward 8080 --health-check /healthz",
  );
}

/** Returns the result. Throws a UsageError if a flag is only for a load balancer that setup creates. */
function withoutOptions(
  what: string,
  flags: ChoiceFlags,
  result: BalancerRef,
  allowed: readonly string[] = [],
  hint = "--balancer application or network",
): BalancerRef {
  for (const name of ["listen", "forward", "healthCheck", "certificate", "subnets"] as const) {
    if (flags[name] === undefined || (name === "listen" && flags.listen.length === 0)) continue;
    if (!allowed.includes(name)) {
      throw new UsageError(`--${kebab(name)} is not for ${what}`, hint);
    }
  }
  return result;
}

/** Throws a UsageError if a load balancer cannot have the fleet's name. */
function checkName(fleet: string): void {
  if (isBalancerName(fleet)) return;
  throw new UsageError(
    `Cannot name a load balancer "${fleet}" after the fleet: expected up to 32 letters, digits and inner hyphens`,
  );
}

/** The protocols of each type of load balancer. */
const PROTOCOLS = { application: ["HTTP", "HTTPS"], network: ["TCP", "TLS"] } as const;

/** Returns the type of the load balancer that setup created together with a target group. */
function typeOf({ protocol }: Group): BalancerType {
  return protocol === "TCP" ? "network" : "application";
}

function planOf(flags: ChoiceFlags, type: BalancerType): LoadBalancerPlan {
  const { fleet, listen, forward, healthCheck, certificate, subnets = [] } = flags;
  checkName(fleet);
  const allowed: readonly string[] = PROTOCOLS[type];
  const wrong = listen.find(({ protocol }) => !allowed.includes(protocol));
  if (wrong !== undefined) {
    throw new UsageError(
      `A load balancer of type ${type} cannot listen with ${wrong.protocol.toLowerCase()}: --listen ${
        allowed.map((each) => `${each.toLowerCase()}:PORT`).join(" or ")
      }`,
    );
  }
  if (new Set(listen.map(({ port }) => port)).size < listen.length) {
    throw new UsageError("Two --listen options have the same port");
  }
  const secure = listen.filter(({ protocol }) => isSecure(protocol));
  if (secure.length > 0 && certificate === undefined) {
    throw new UsageError(`--listen ${secure[0]?.protocol.toLowerCase()}:PORT needs --certificate ARN`);
  }
  if (secure.length === 0 && certificate !== undefined) {
    throw new UsageError(`--certificate needs --listen ${type === "application" ? "https" : "tls"}:443`);
  }
  if (type === "application" && healthCheck?.protocol === "TCP") {
    throw new UsageError("An application load balancer checks instances by HTTP: --health-check /PATH");
  }
  return {
    kind: "made",
    name: fleet,
    type,
    listeners: listen.map(({ protocol, port }) => ({
      protocol,
      port,
      certificate: isSecure(protocol) ? certificate : undefined,
    })),
    forward,
    healthCheck,
    subnets,
  };
}

function isSecure(protocol: string): boolean {
  return protocol === "HTTPS" || protocol === "TLS";
}
