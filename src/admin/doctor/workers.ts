/**
 * Asks the workers over HTTP for their versions.
 *
 * @module
 */
import type { Ec2Instance } from "../../aws/ec2/instances.ts";
import { fetchDirect } from "../../runtime.ts";
import { WORKER_PORT } from "../../scaling/model/instance.ts";
import { failureReason } from "./autoscalers.ts";

/** The version in a worker's answer, absent if the answer contains no version; or the reason why the worker did not answer. */
export type WorkerAnswer = { readonly version?: string } | { readonly noAnswer: string };

/** Maximum number of requests at the same time. */
const CONCURRENCY = 100;

/** Asks the worker on each running instance for its version. Does not reject. */
export async function askWorkers(
  instances: readonly Ec2Instance[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, WorkerAnswer>> {
  const answers = new Map<string, WorkerAnswer>();
  const running = instances.filter(({ state, role }) => state === "running" && role !== "control").values();
  const askNext = async () => {
    for (const { id, publicDns, publicIp, privateIp } of running) {
      answers.set(id, await askWorker(publicDns ?? publicIp ?? privateIp, signal));
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, askNext));
  return answers;
}

async function askWorker(host: string | undefined, signal: AbortSignal): Promise<WorkerAnswer> {
  if (host === undefined) return { noAnswer: "no address" };
  try {
    const response = await fetchDirect(`http://${host}:${WORKER_PORT}/ping`, { redirect: "manual", signal });
    await response.body?.cancel();
    if (response.status !== 200) return { noAnswer: `HTTP status ${response.status}` };
    const version = response.headers.get("kas-version");
    return version === null ? {} : { version };
  } catch (error) {
    return { noAnswer: failureReason(error) };
  }
}
