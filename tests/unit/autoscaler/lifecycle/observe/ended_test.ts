import { assertEquals } from "@std/assert";
import type { Ec2Instance } from "../../../../../src/aws/ec2/ec2_instance.ts";
import { EndedInstance, READ_LAG } from "../../../../../src/autoscaler/lifecycle/observe/ended.ts";

const STOPPED_AT = Date.UTC(2026, 0, 5, 9);
const MINUTE = 60_000;

type Look = Partial<Ec2Instance> & Pick<Ec2Instance, "state">;

/** Returns, for a series of reads of EC2, whether the instance has ended after each read. Each read has its time in ms. */
function shown(before: number | undefined, distance: number, ...looks: readonly Look[]): boolean[] {
  let elapsed = 0;
  const ended = new EndedInstance({ elapsed: () => elapsed }, before);
  return looks.map((look) => {
    const is = ended.isShownBy({ id: "i-1", name: "", role: "node", type: "", zone: "a", ...look });
    elapsed += distance;
    return is;
  });
}

/** The instance before its start. */
const BEFORE: Look = { state: "stopped", stateTransitionAt: STOPPED_AT };
const PENDING: Look = { state: "pending", launched: STOPPED_AT + MINUTE };
const STOPPED_AGAIN: Look = { state: "stopped", stateTransitionAt: STOPPED_AT + 2 * MINUTE };

Deno.test("a stopped state from before the start, read after pending, does not end the start", () => {
  assertEquals(shown(STOPPED_AT, 3_000, PENDING, BEFORE, PENDING, BEFORE), [false, false, false, false]);
});

Deno.test("a stopped state with a time after the start ends the start at once, even if EC2 never showed pending", () => {
  assertEquals(shown(STOPPED_AT, 3_000, PENDING, STOPPED_AGAIN), [false, true]);
  assertEquals(shown(STOPPED_AT, 3_000, STOPPED_AGAIN), [true]);
});

Deno.test("without a time, a stopped state ends the start once EC2 has shown it without a break for the lag of its reads", () => {
  const stopped: Look = { state: "stopped" };
  const distance = READ_LAG / 2;
  assertEquals(shown(undefined, distance, { state: "pending" }, stopped, stopped, stopped), [
    false,
    false,
    false,
    true,
  ]);
  assertEquals(
    shown(
      undefined,
      distance,
      { state: "pending" },
      stopped,
      stopped,
      { state: "pending" },
      stopped,
      stopped,
    ),
    [false, false, false, false, false, false],
  );
});

Deno.test("a start that EC2 does not show yet has not ended, however long EC2 shows the stopped state from before", () => {
  assertEquals(shown(STOPPED_AT, READ_LAG, BEFORE, BEFORE, BEFORE), [false, false, false]);
});

Deno.test("a launched instance has never stopped before, so any time of a stop ends its start", () => {
  assertEquals(shown(0, 3_000, STOPPED_AGAIN), [true]);
});

Deno.test("one read of a termination ends the start, because EC2 never undoes a termination", () => {
  assertEquals(shown(STOPPED_AT, 3_000, { state: "terminated" }), [true]);
  assertEquals(shown(STOPPED_AT, 3_000, { state: "shutting-down" }), [true]);
});
