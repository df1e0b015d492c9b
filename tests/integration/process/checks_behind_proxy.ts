/**
 * A program that proxy_test.ts runs with a proxy in its environment. The program makes a health check, asks a worker for the time
 * of
 * its first request, and fetches a URL. It prints the results.
 *
 * @module
 */
import type { ActivityContext } from "../../../src/autoscaler/lifecycle/activity_context.ts";
import { healthCheck } from "../../../src/autoscaler/lifecycle/observe/health_check.ts";
import { askAutoscaler } from "../../../src/admin/doctor/autoscalers.ts";
import { askServices } from "../../../src/admin/doctor/services.ts";
import { parseHealthCheck } from "../../../src/health/spec.ts";
import { fetchDirect, realRuntime } from "../../../src/runtime.ts";

const [url = "", host = ""] = Deno.args;
const instance = {
  id: "i-1",
  name: "",
  role: "node",
  state: "running",
  type: "",
  zone: "",
  privateIp: host,
} as const;
const { signal } = new AbortController();
const fleet = { healthCheck: parseHealthCheck("http:30000/ping") };
const context = { id: "i-1", signal, environment: { address: () => host, fleet, runtime: realRuntime } };
const look = () => Promise.resolve(undefined);
const direct = await fetchDirect(url);
const results = {
  fetch: (await fetch(url)).status,
  direct: [direct.status, await direct.text()],
  healthCheck: await healthCheck(context as unknown as ActivityContext, instance, look).attempt() ?? false,
  service: (await askServices([instance], () => [fleet.healthCheck], () => host, signal)).get("i-1"),
  autoscaler: (await askAutoscaler(url, "kas", signal)).problem,
};
await Deno.stdout.write(new TextEncoder().encode(JSON.stringify(results)));
