import { assertEquals, assertStringIncludes } from "@std/assert";
import { BUILT, eventually, execute, exportsOf, start } from "../support/kas.ts";
import { program, testWith } from "../support/needs.ts";

testWith(
  [program("aws")],
  "the autoscaler starts an instance after the AWS CLI sets an alarm to ALARM",
  async () => {
    await using sandbox = start([
      ...BUILT,
      ..."admin sandbox --kind --port 0 --balancer-port 0 --speed 20".split(" "),
    ]);
    const env = await exportsOf(sandbox);
    const state = await Deno.makeTempDir();
    try {
      await using autoscaler = start(
        // With a warm-up or a metric delay, kas would ignore the alarm of the base instance, which has just been
        // launched. `--min 2` keeps the node running, however long the AWS CLI takes.
        [...BUILT, "autoscaler", "--listen", "127.0.0.1:0", "--state", state].concat(
          "--warmup 0s --metric-delay 0s --min 2".split(" "),
        ),
        env,
      );
      const [, url = ""] = await autoscaler.line(/listening on (http:\/\/\S+)/);
      const setup = await execute([...BUILT, "admin", "setup", "--url", url, "--output", "tsv"], env);
      assertEquals(setup.code, 0, setup.stderr);

      const listed = await execute([...BUILT, "admin", "instances", "--output", "json"], env);
      const instances: { id: string; role: string; state: string }[] = JSON.parse(listed.stdout);
      const base = instances.find(({ role }) => role === "base")?.id ?? "";
      const node = instances.find(({ role }) => role === "node")?.id ?? "";

      const aws = ["aws", "--output", "text", "--no-cli-pager"];
      const cli = await execute(["aws", "--version"], env);
      if (cli.stdout.startsWith("aws-cli/1")) aws.pop();
      const set = await execute([
        ...aws,
        ...["cloudwatch", "set-alarm-state", "--alarm-name", `kas:cpuhigh:${base}`],
        ...["--state-value", "ALARM", "--state-reason", "a test"],
      ], env);
      assertEquals(set.code, 0, set.stderr);

      const query = ["ec2", "describe-instances", "--instance-ids", node];
      await eventually(
        () => execute([...aws, ...query, "--query", "Reservations[].Instances[].State.Name"], env),
        ({ stdout }) => stdout.trim() === "running",
      );
      const activities = await eventually(
        () => execute([...BUILT, "admin", "activities", "--url", url, "--output", "tsv"], env),
        ({ stdout }) => new RegExp(`start\t${node}`).test(stdout),
      );
      assertStringIncludes(activities.stdout, "cpuhigh");
    } finally {
      await Deno.remove(state, { recursive: true });
    }
  },
);
