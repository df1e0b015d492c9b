import { realRuntime } from "../../../../src/runtime.ts";
import { eventually } from "../../../support/kas.ts";
import { firstResync, lines, machines, NODES, stage } from "../../../unit/autoscaler/fixtures.ts";

Deno.test("kas reconciles again if an activity ends during a reconciliation (R22)", async () => {
  let serves = false;
  await using it = await stage({ nodes: 2, machine: machines((id) => id !== NODES[1] || serves) });
  const held = Promise.withResolvers<void>();
  const release = Promise.withResolvers<void>();
  let isHolding = false;
  const holding = async (input: Request | URL | string, init?: RequestInit): Promise<Response> => {
    const request = new Request(input, init);
    const body = await request.clone().text();
    if (isHolding && body.includes("Action=DescribeInstances&") && body.includes("kas%3Afleet")) {
      held.resolve();
      await release.promise;
    }
    return await fetch(request);
  };
  const autoscaler = it.start({}, { ...realRuntime, fetch: holding });
  await firstResync(autoscaler);
  const ask = async (action: string, body: object) =>
    await (await autoscaler.operate(
      new Request(`http://localhost/${action}`, { method: "POST", body: JSON.stringify(body) }),
    )).json();
  const until = Date.now() + 3_600_000;
  await ask("scale", { direction: "to", capacity: 3, until, dryRun: false });
  isHolding = true;
  await held.promise;
  serves = true;
  await eventually(() => lines(autoscaler), (all) => all.every(({ status }) => status !== "in-progress"));
  release.resolve();
  await eventually(() => ask("progress", { ids: [] }), ({ progress }) => progress.outcome === "reached");
});
