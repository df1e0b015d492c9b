/**
 * The commands of `kas admin` for a fleet without a load balancer: `--balancer none`.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { startSandbox } from "../../../src/sandbox/sandbox.ts";
import { type Ended, eventually, execute, FROM_SOURCE } from "../../support/kas.ts";
import { BASE, machines, NODES } from "../../unit/autoscaler/fixtures.ts";

const [NODE] = NODES;

/** Opens a sandbox without a load balancer. Returns a function that runs a command of `kas admin` in it. */
async function open(stack: AsyncDisposableStack) {
  const sandbox = stack.use(
    await startSandbox({ kind: true, balancer: "none", nodes: 1, speed: 40, machine: machines() }),
  );
  const kas = (words: string): Promise<Ended> =>
    execute([...FROM_SOURCE, "admin", ...words.split(" "), "--output", "json"], sandbox.env);
  const rows = async (words: string) => {
    const { code, stdout, stderr } = await kas(words);
    assertEquals(code, 0, stderr);
    return JSON.parse(stdout);
  };
  const health = async () =>
    Object.fromEntries(
      (await rows("instances")).map(({ id, health }: { id: string; health: string | null }) => [id, health]),
    );
  return { sandbox, kas, rows, health };
}

Deno.test("without a load balancer, kas admin scales the fleet, and lists running instances as in service", async () => {
  await using stack = new AsyncDisposableStack();
  const { kas, rows, health } = await open(stack);
  assertEquals(await health(), { [BASE]: "InService", [NODE]: null });
  const [out] = await rows("scale out");
  assertEquals([out.action, out.instance, out.status], ["start", NODE, "successful"]);
  assertEquals(await health(), { [BASE]: "InService", [NODE]: "InService" });
  // Until there are datapoints from after the start, projected-load holds the stop back.
  const scaledIn = await eventually(() => kas("scale in --warmup 0s"), ({ code }) => code === 0);
  const [back] = JSON.parse(scaledIn.stdout);
  assertEquals([back.action, back.instance, back.status], ["stop", NODE, "successful"]);
});

Deno.test("without a load balancer, an operator detaches an instance for maintenance and attaches it again", async () => {
  await using stack = new AsyncDisposableStack();
  const { rows, health } = await open(stack);
  await rows("scale out");
  assertEquals(await rows(`instances detach ${NODE}`), [{ id: NODE, action: "detached" }]);
  assertEquals((await health())[NODE], "Detached");
  assertEquals(await rows(`instances attach ${NODE}`), [{ id: NODE, action: "attached" }]);
  assertEquals((await health())[NODE], "InService");
});

Deno.test("without a load balancer, an alarm of the requests is an error, and doctor checks no load balancer", async () => {
  await using stack = new AsyncDisposableStack();
  const { kas } = await open(stack);
  const alarm = await kas("alarms set --requests 100");
  assertEquals([alarm.code, alarm.stderr.trim().split("\n").length], [4, 1], alarm.stderr);
  const { stdout } = await kas("doctor");
  const results = new Map(
    JSON.parse(stdout).map(({ check, result }: { check: string; result: string }) => [check, result]),
  );
  assertEquals(["balancer", "health", "registered"].map((check) => results.get(check)), [
    "ok",
    "ok",
    "skipped",
  ]);
});

Deno.test("without a load balancer, the autoscaler's IAM policy permits no action of Elastic Load Balancing", async () => {
  await using stack = new AsyncDisposableStack();
  const { kas } = await open(stack);
  const { code, stdout } = await kas("iam-policy autoscaler");
  assertEquals(code, 0);
  assert(stdout.includes("ec2:StopInstances"));
  assert(!stdout.includes("elasticloadbalancing:"));
});
