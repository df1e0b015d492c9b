import { assert, assertEquals } from "@std/assert";
import { BUILT, execute } from "../support/kas.ts";
import { slow, testWith } from "../support/needs.ts";

const DEMO = "admin sandbox --scenario nine-steps --port 0 --balancer-port 0 --output json".split(" ");

interface Verdict {
  readonly step: number;
  readonly "in_service": number;
  readonly expected: number;
  readonly verdict: string;
}

testWith([slow()], "the nine steps come out right, and status 0 says so", async () => {
  const { code, stdout, stderr } = await execute([...BUILT, ...DEMO, "--speed", "25"]);
  assertEquals(code, 0, `${stdout}\n${stderr}`);
  const rows: Verdict[] = JSON.parse(stdout);
  assertEquals(rows.map((row) => row["in_service"]), [1, 1, 2, 2, 2, 1, 1, 1, 1]);
});

testWith(
  [slow()],
  "with alarms set wrongly (--cpu 42:60) step 2 or 3 fails, and status 1 says so",
  async () => {
    // Faster, as it is the alarms' thresholds that it goes by, and no step has to come out right.
    const { code, stdout, stderr } = await execute([...BUILT, ...DEMO, "--speed", "40", "--cpu", "42:60"]);
    assertEquals(code, 1, `${stdout}\n${stderr}`);
    const rows: Verdict[] = JSON.parse(stdout);
    const failed = rows.filter(({ verdict }) => verdict !== "ok").map(({ step }) => step);
    assert(failed[0] === 2 || failed[0] === 3, `the failing steps: ${failed}`);
  },
);
