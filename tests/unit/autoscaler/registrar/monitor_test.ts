import { assertEquals } from "@std/assert";
import { type Checked, Monitor } from "../../../../src/autoscaler/registrar/monitor.ts";
import type { Ec2Instance } from "../../../../src/aws/ec2/instances.ts";
import { VirtualTime } from "../../../support/lab/virtual_time.ts";

const INTERVAL = 10_000;

function instanceOf(id: string, launched = 0): Ec2Instance {
  return { id, name: "", role: "node", state: "running", type: "", zone: "", launched };
}

const ONE = instanceOf("i-1");

/** Opens a monitor on virtual time. `results` are the results of the checks, the last one repeated. */
function open(
  results: (id: string, publicIp: string | undefined) => boolean | Promise<boolean>,
  before: boolean | undefined = undefined,
) {
  const time = new VirtualTime(0);
  const monitor = new Monitor({
    clock: {
      now: () => time.now(),
      elapsed: () => time.passed,
      sleep: (ms, signal) =>
        new Promise((resolve, reject) => {
          const timer = time.after(ms, resolve);
          signal?.addEventListener("abort", () => {
            timer[Symbol.dispose]();
            reject(signal.reason);
          });
        }),
    },
    check: async ({ id, publicIp }): Promise<Checked> => ({
      passed: await results(id, publicIp),
      description: "a test",
    }),
    interval: () => INTERVAL,
    before: () => before,
  });
  const healthy = async (instance = ONE) => (await monitor.verdict(instance, false)).passed;
  return { time, monitor, healthy };
}

/** Returns results in order, and then the last one again and again. */
function sequence(...results: boolean[]): () => boolean {
  return () => (results.length > 1 ? results.shift() : results[0]) ?? false;
}

Deno.test("a new instance is healthy after its first passed check", async () => {
  const { monitor, healthy } = open(sequence(true));
  using _ = monitor;
  assertEquals(await healthy(), true);
});

Deno.test("a healthy instance becomes unhealthy after three failed checks in a row, and healthy again after two passed ones", async () => {
  const { time, monitor, healthy } = open(
    sequence(true, false, false, true, false, false, false, true, true),
  );
  using _ = monitor;
  monitor.watch([ONE]);
  const seen: boolean[] = [];
  for (let i = 0; i < 9; i++) {
    await time.settle();
    seen.push(await healthy());
    await time.pass(INTERVAL);
  }
  assertEquals(seen, [true, true, true, true, true, true, false, false, true]);
});

Deno.test("an instance that was healthy before a restart of kas needs three failed checks too", async () => {
  const { time, monitor, healthy } = open(sequence(false), true);
  using _ = monitor;
  monitor.watch([ONE]);
  await time.pass(INTERVAL + 1);
  assertEquals(await healthy(), true);
  await time.pass(2 * INTERVAL);
  assertEquals(await healthy(), false);
});

Deno.test("an instance that does not answer delays neither the verdict nor the checks of others", async () => {
  const { promise: never } = Promise.withResolvers<boolean>();
  const slow = instanceOf("i-slow");
  const checks: string[] = [];
  const { time, monitor, healthy } = open((id) => {
    checks.push(id);
    return id === slow.id && checks.length > 2 ? never : true;
  });
  using _ = monitor;
  monitor.watch([slow, ONE]);
  await time.settle();
  await time.pass(INTERVAL);
  assertEquals(await healthy(slow), true);
  assertEquals(await healthy(), true);
});

Deno.test("after a start, the results of earlier checks do not count", async () => {
  const { monitor, healthy } = open(sequence(true, false));
  using _ = monitor;
  assertEquals(await healthy(instanceOf("i-1", 1)), true);
  assertEquals(await healthy(instanceOf("i-1", 2)), false);
});

Deno.test("the checks go to the address that EC2 shows now: it may show an address late, and an operator may change it", async () => {
  const { time, monitor, healthy } = open((_, address) => address === "203.0.113.7");
  using _ = monitor;
  monitor.watch([ONE]);
  assertEquals(await healthy(), false);
  monitor.watch([{ ...ONE, publicIp: "203.0.113.7" }]);
  await time.pass(INTERVAL + 1);
  assertEquals(await healthy({ ...ONE, publicIp: "203.0.113.7" }), true);
});

Deno.test("the monitor checks many instances at the same time, but at most 50", async () => {
  let [now, most] = [0, 0];
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const { time, monitor, healthy } = open(async () => {
    most = Math.max(most, ++now);
    await promise;
    now--;
    return true;
  });
  using _ = monitor;
  const many = Array.from({ length: 200 }, (_, i) => instanceOf(`i-${i}`));
  monitor.watch(many);
  const verdicts = many.map(healthy);
  await time.settle();
  assertEquals(most, 50);
  resolve(true);
  assertEquals((await Promise.all(verdicts)).filter((passed) => passed).length, 200);
  assertEquals(most, 50);
});
