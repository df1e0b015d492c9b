import { assertEquals } from "@std/assert";
import { FleetWatch } from "../../../../../src/admin/sandbox/scenario/fleet_watch.ts";
import type { AccountView, InstanceView } from "../../../../../src/sandbox/sandbox.ts";

const BASE: InstanceView = {
  id: "i-1",
  name: "kas-base",
  role: "base",
  state: "running",
  zone: "eu-west-1a",
  address: "127.77.0.1",
  registration: "in-service",
  cpuSeconds: 0,
};
const NODE: InstanceView = {
  ...BASE,
  id: "i-2",
  name: "kas-node-1",
  role: "node",
  state: "stopped",
  registration: "none",
};

/** Returns an account of the sandbox. The test sets the account's instances. */
class FakeAccount implements AccountView {
  #instances: readonly InstanceView[] = [BASE, { ...NODE, cpuSeconds: undefined }];
  #condition: (() => void) | undefined;

  instances = () => this.#instances;
  requests = () => 0;
  waitUntil = (condition: () => boolean, signal?: AbortSignal): Promise<void> =>
    new Promise((_, reject) => {
      this.#condition = condition;
      signal?.addEventListener("abort", () => reject(signal.reason));
    });

  setInstances(...instances: InstanceView[]): void {
    this.#instances = instances;
    this.#condition?.();
  }
}

Deno.test("range() includes each number of instances in service, even if the number lasted only a moment", () => {
  const account = new FakeAccount();
  using watch = new FleetWatch(account, 1_000, () => 0);
  watch.resetRange();
  assertEquals(watch.range, { min: 1, max: 1 });
  account.setInstances({ ...BASE, registration: "out-of-service" }, NODE);
  account.setInstances(BASE, NODE);
  account.setInstances(BASE, { ...NODE, state: "running", registration: "in-service" });
  account.setInstances(BASE, { ...NODE, state: "running", registration: "draining" });
  assertEquals(watch.range, { min: 0, max: 2 });
  assertEquals(watch.inService, 1);
  watch.resetRange();
  assertEquals(watch.range, { min: 1, max: 1 });
});

Deno.test("the CPU of an instance is the average of the last minute, and undefined in the first half minute", () => {
  const account = new FakeAccount();
  let now = 0;
  using watch = new FleetWatch(account, 1_000, () => now);
  const cpu = (at: number, cpuSeconds: number | undefined) => {
    now = at;
    account.setInstances({ ...BASE, cpuSeconds });
    watch.readCpu();
    return watch.instances()[0]?.cpu;
  };
  assertEquals(cpu(0, 10), undefined);
  assertEquals(cpu(400, 10.2), undefined);
  assertEquals(cpu(500, 10.25), 50);
  assertEquals(cpu(1_000, 10.5), 50);
  assertEquals(cpu(1_500, 11), 75);
  assertEquals(cpu(2_000, 11.5), 100);
  assertEquals(watch.cpuInService(), [100]);
  // The instance was stopped and started, so that earlier readings do not count.
  assertEquals(cpu(2_500, undefined), undefined);
  assertEquals(cpu(3_000, 0.1), undefined);
  assertEquals(cpu(3_500, 0.2), 20);
});
