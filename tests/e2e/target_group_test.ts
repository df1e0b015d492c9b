import { assertEquals, assertStringIncludes } from "@std/assert";
import { registrations } from "../../src/aws/balancing/balancer.ts";
import { connect } from "../../src/aws/clients.ts";
import { startSandbox } from "../../src/sandbox/sandbox.ts";
import { BASE, machines, NODES } from "../unit/autoscaler/fixtures.ts";
import { credentials } from "../unit/aws/wire.ts";
import { eventually, execute, FROM_SOURCE, start } from "../support/kas.ts";
import { makeTargetGroup } from "./contract/target_group.ts";

const [NODE] = NODES;

Deno.test("a fleet behind a target group scales out on an alarm and scales in on a command, and no request fails", async () => {
  credentials();
  await using sandbox = await startSandbox({ kind: true, speed: 40, machine: machines() });
  using aws = connect({ region: "eu-west-1", endpointUrl: sandbox.url });
  const { ref, dnsName } = await makeTargetGroup({ aws }, "web");
  // The sandbox sets KAS_LOAD_BALANCER; the flag takes precedence.
  const group = ["--target-group", ref.arns[0]];
  const kas = async (...words: string[]) => {
    const ended = await execute(
      [...FROM_SOURCE, "admin", ...words, ...group, "--output", "tsv"],
      sandbox.env,
    );
    assertEquals(ended.code, 0, ended.stderr);
    return ended.stdout;
  };
  const state = await Deno.makeTempDir();
  try {
    const listen = ["--listen", "127.0.0.1:0", "--state", state, "--warmup", "0s", "--metric-delay", "0s"];
    await using autoscaler = start([...FROM_SOURCE, "autoscaler", ...listen, ...group], sandbox.env);
    const [, url = ""] = await autoscaler.line(/listening on (http:\/\/\S+)/);
    // The CPU crosses no such threshold: only the test changes the states of the alarms.
    const made = await kas("setup", "--url", url, "--cpu", "0.001:100");
    assertStringIncludes(made, "balancer\tweb\tupdated");
    assertStringIncludes(made, `instance\t${BASE}\tregistered`);
    await eventually(() => registrations(aws, ref), (found) => found.get(BASE) === "in-service");

    await using clients = requests(`http://${dnsName}:30000/work`);
    await kas("alarms", "test", `kas:cpuhigh:${BASE}`, "ALARM");
    await eventually(() => registrations(aws, ref), (found) => found.get(NODE) === "in-service");
    assertStringIncludes(await kas("balancers"), `web\t${dnsName}\t${NODE}\thealthy\t-`);
    await kas("alarms", "test", `kas:cpuhigh:${BASE}`, "OK");

    const scaled = await kas("scale", "in", "--instance", NODE, "--warmup", "0s");
    assertStringIncludes(scaled, `stop\t${NODE}\tsuccessful`);
    const calls = sandbox.calls.map(({ action }) => action);
    const [deregistered, stopped] = [
      calls.lastIndexOf("DeregisterTargets"),
      calls.lastIndexOf("StopInstances"),
    ];
    assertEquals(deregistered >= 0 && deregistered < stopped, true);
    const { answered, failed } = await clients.end();
    assertEquals([answered > 0, failed], [true, []]);
  } finally {
    await Deno.remove(state, { recursive: true });
  }
});

/** Two clients that send one request after another until `end` is called. */
function requests(url: string) {
  const failed: string[] = [];
  let answered = 0;
  let ended = false;
  const client = async () => {
    while (!ended) {
      const response = await fetch(url);
      const text = await response.text();
      if (response.status === 200) answered++;
      else failed.push(`${response.status} ${text}`);
      // Leaves CPU time for the sandbox and the autoscaler.
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  };
  const clients = [client(), client()];
  const end = async () => {
    ended = true;
    await Promise.all(clients);
    return { answered, failed };
  };
  return { end, [Symbol.asyncDispose]: async () => void await end() };
}
