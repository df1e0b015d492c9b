/**
 * Makes the health checks of the fleet's service on the instances.
 *
 * @module
 */
import type { ChecksOf } from "../../aws/balancing/checks.ts";
import type { Ec2Instance } from "../../aws/ec2/instances.ts";
import { checkOnce, urlOf } from "../../health/check_once.ts";
import { realRuntime } from "../../runtime.ts";

/**
 * The answer of the service on an instance, or why there is no answer. `version` is the version of `kas worker`, absent if the service is
 * another one.
 */
export type ServiceAnswer =
  | { readonly passed: boolean; readonly description: string; readonly version?: string }
  | { readonly noAnswer: string };

/** Maximum number of instances that doctor checks at the same time. */
const CONCURRENCY = 100;

/**
 * Makes the health checks of each running instance that is not a control instance. Does not reject.
 *
 * @param address returns the address to check
 */
export async function askServices(
  instances: readonly Ec2Instance[],
  checksOf: ChecksOf,
  address: (instance: Ec2Instance) => string | undefined,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, ServiceAnswer>> {
  const answers = new Map<string, ServiceAnswer>();
  const running = instances.filter(({ state, role }) => state === "running" && role !== "control").values();
  const askNext = async () => {
    for (const instance of running) {
      answers.set(instance.id, await askService(address(instance), checksOf(instance.id), signal));
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, askNext));
  return answers;
}

async function askService(
  host: string | undefined,
  specs: ReturnType<ChecksOf>,
  signal: AbortSignal,
): Promise<ServiceAnswer> {
  if (host === undefined) return { noAnswer: "no address" };
  const checks = specs.filter((spec) => spec.protocol !== "none");
  try {
    const results = await Promise.all(checks.map(async (check) => {
      const result = await checkOnce(realRuntime, check, host, signal);
      return { ...result, description: `${urlOf(check, host)}: ${result.description}` };
    }));
    const failures = results.filter(({ passed }) => !passed);
    const shown = failures.find(({ answered }) => answered) ?? failures[0] ?? results[0];
    if (shown === undefined) return { noAnswer: "only the load balancer can make its health check" };
    const { passed, description, status } = shown;
    // A refused connection says nothing about a service behind a firewall.
    if (!passed && status === undefined) return { noAnswer: description };
    const version = results.map(({ headers }) => headers?.get("kas-version") ?? "").find((text) =>
      text !== ""
    );
    return { passed, description, ...(version === undefined ? {} : { version }) };
  } catch {
    return { noAnswer: "no answer in time" };
  }
}
