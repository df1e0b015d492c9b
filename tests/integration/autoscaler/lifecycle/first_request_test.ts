import { assert, assertEquals } from "@std/assert";
import { WORKER_PORT } from "../../../../src/scaling/model/instance.ts";
import { eventually } from "../../../support/kas.ts";
import { BASE, eventualLine, lines, NODES, stage } from "../../../unit/autoscaler/fixtures.ts";

/** Sends a request for work to a node's worker, as the load balancer does. */
async function work(address: string): Promise<void> {
  const response = await fetch(`http://${address}:${WORKER_PORT}/work`);
  await response.body?.cancel();
}

Deno.test("the last phase of a start is the first request that the instance answers, after the activity's end (R17)", async () => {
  await using it = await stage();
  const autoscaler = await it.start();
  await it.subscribe(autoscaler);
  await it.alarm("cpuhigh", BASE, "ALARM");
  const done = await eventualLine(autoscaler, ({ status }) => status === "successful");
  assertEquals(done?.phases["first-request"], undefined);

  const node = it.sandbox.account.instances().find(({ id }) => id === NODES[0]);
  assert(node !== undefined);
  await work(node.address);
  const line = await eventually(
    async () => (await lines(autoscaler)).find(({ kind }) => kind === "start"),
    (line) => line?.phases["first-request"] !== undefined,
  );
  const at = (phase: string) => Date.parse(line?.phases[phase] ?? "");
  assert(at("first-request") >= at("in-service"), JSON.stringify(line?.phases));
  // This phase does not count towards the duration of the activity.
  assertEquals([line?.status, line?.seconds], ["successful", done?.seconds]);
});

Deno.test("a stopping autoscaler does not wait for the first request to an instance", async () => {
  await using it = await stage({}, { startTimeout: 3_600_000 });
  const autoscaler = await it.start();
  await it.subscribe(autoscaler);
  await it.alarm("cpuhigh", BASE, "ALARM");
  await eventualLine(autoscaler, ({ status }) => status === "successful");
  await autoscaler[Symbol.asyncDispose]();
});
