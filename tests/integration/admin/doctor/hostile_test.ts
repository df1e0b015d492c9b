/**
 * Names from AWS that contain commands for a shell or escape sequences for a terminal. Doctor must quote and escape these names.
 *
 * @module
 */
import { PutMetricAlarmCommand } from "@aws-sdk/client-cloudwatch";
import { assert, assertEquals } from "@std/assert";
import { runChecks } from "../../../../src/admin/doctor/check.ts";
import { autoScalingGroups } from "../../../../src/admin/doctor/checks/fleet.ts";
import type { Observation } from "../../../../src/admin/doctor/observation.ts";
import { isUnsafe } from "../../../../src/cli/terminal/escape.ts";
import { NODE } from "../../../unit/admin/fleet.ts";
import { problem, remedyOf, wired } from "./wired.ts";

/** Returns the words of a proposed command as bash reads them. Fails if bash creates a file. */
async function pasted(command: string): Promise<string[]> {
  const cwd = await Deno.makeTempDir();
  try {
    const script = `kas() { printf '%s\\0' kas "$@"; }; aws() { printf '%s\\0' aws "$@"; }; ${command}`;
    const { stdout } = await new Deno.Command("bash", { args: ["-c", script], cwd }).output();
    assertEquals(await Array.fromAsync(Deno.readDir(cwd)), [], command);
    return new TextDecoder().decode(stdout).split("\0").slice(0, -1);
  } finally {
    await Deno.remove(cwd, { recursive: true });
  }
}

Deno.test("a malicious alarm name is a single word in the command that doctor proposes", async () => {
  await using w = await wired();
  const names = [
    "kas:cpuhigh:i-0dead;touch${IFS}PWNED;#",
    "kas:cpuhigh:i-0dead$(touch PWNED)\u202e\u009b2K'!!",
  ];
  const client = await w.aws.cloudWatch();
  for (const AlarmName of names) {
    await client.send(
      new PutMetricAlarmCommand({
        AlarmName,
        Namespace: "AWS/EC2",
        MetricName: "CPUUtilization",
        Statistic: "Average",
        Dimensions: [{ Name: "InstanceId", Value: "i-0dead" }],
        ComparisonOperator: "GreaterThanOrEqualToThreshold",
        Threshold: 80,
        Period: 60,
        EvaluationPeriods: 1,
      }),
    );
  }
  const row = problem((await w.doctor()).rows, "stray-alarms");
  const words = await pasted(remedyOf(row));
  assertEquals([words.slice(0, 4), words.slice(4).toSorted()], [
    ["kas", "admin", "alarms", "delete"],
    names.toSorted(),
  ]);
  for (const format of ["table", "tsv", "json"]) {
    const { out, err } = await w.fleet.kas(`doctor --url ${w.url} --output ${format}`);
    assert(!isUnsafe(out) && !isUnsafe(err), format);
  }
});

Deno.test("a malicious name of an Auto Scaling group is a single word and not an option in doctor's command", async () => {
  const group = "--g;touch PWNED\u2028`touch PWNED`";
  const instance = { id: NODE, role: "node", state: "running", autoScalingGroup: group };
  const plan = { kas: (...words: string[]) => words, aws: (...words: string[]) => ["aws", ...words] };
  const observation = { plan, instances: { value: [instance] } } as unknown as Observation;
  const [row] = runChecks([autoScalingGroups], observation);
  const words = await pasted(remedyOf({ check: "", result: "", detail: String(row?.["detail"]) }));
  assert(words.includes(`--auto-scaling-group-name=${group}`), words.join("\n"));
});
