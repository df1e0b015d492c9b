import { assert, assertEquals } from "@std/assert";
import os from "node:os";
import { playNineStepsWith } from "../../../src/admin/sandbox/scenario/play.ts";
import { Output } from "../../../src/cli/output.ts";
import { startSandbox } from "../../../src/sandbox/sandbox.ts";
import { captured } from "../../unit/cli/captured.ts";
import { execute } from "../../support/kas.ts";
import { testWith } from "../../support/needs.ts";
import { hammer } from "./hammer.ts";
import { KAS, otherBuild, provision, results, say, times } from "./provision.ts";
import { MACHINES, type Room, room } from "./room.ts";

/** The speed of the scenario. It cannot be higher, because a machine takes seconds of real time to boot. */
const SPEED = 15;

const [BASE, NODE, CONTROL] = [4, 5, 6] as const;
const [BASE_ID, NODE_ID] = ["i-00000000000000001", "i-00000000000000002"] as const;

/** The sandbox's port. It is fixed, because the hosts get it in their settings before the sandbox starts. */
const AWS_PORT = 4580;

/** Returns the settings of the hosts, with durations that fit the speed of the scenario. */
function settings({ address }: Room): Record<string, string> {
  const scaled = (seconds: number) => `${Math.round((seconds * 1_000) / SPEED)}ms`;
  return {
    AWS_ENDPOINT_URL: `http://${address}:${AWS_PORT}`,
    AWS_REGION: "eu-west-1",
    KAS_TOPIC_ARN: "arn:aws:sns:eu-west-1:000000000000:kas",
    KAS_TRUST_SIGNER: `http://${address}:${AWS_PORT}/`,
    KAS_THREADS: "1",
    KAS_WORK_MS: `${(450 / SPEED).toFixed(1)}-${(550 / SPEED).toFixed(1)}`,
    KAS_RESYNC: scaled(60),
    KAS_WARMUP: scaled(120),
    KAS_METRIC_DELAY: scaled(180),
    KAS_COOLDOWN_IN: scaled(60),
    KAS_START_TIMEOUT: scaled(300),
    KAS_DRAIN_TIMEOUT: scaled(300),
  };
}

/** The commands of docs/provisioning.md. */
async function documentedCommands(): Promise<string> {
  const page = await Deno.readTextFile(new URL("../../../docs/provisioning.md", import.meta.url));
  const block = /^```sh machines\n([\s\S]*?)^```$/m.exec(page)?.[1];
  assert(block, "docs/provisioning.md has no commands for machines");
  return block;
}

testWith(MACHINES, "kas runs with two workers and a control node on three hosts", async (t) => {
  await using r = await room();
  // Run with a high priority, because the test measures load.
  os.setPriority(0, -10);
  const credentials = "AWS_ACCESS_KEY_ID=AKIAIOSFODNN7SANDBOX\nAWS_SECRET_ACCESS_KEY=sandbox\n";
  const machines = await Promise.all([BASE, NODE, CONTROL].map((number) => r.boot(number, { nginx: true })));
  const [base, node, control] = machines;
  assert(base && node && control);

  await t.step(
    "the commands in docs/provisioning.md install two workers and a control node",
    async () => {
      await control.sh(`mkdir -p /etc/kas && umask 077 && printf '${credentials}' >/etc/kas/kas.env`);
      const bin = `${r.folder}/bin`;
      await Deno.symlink(KAS, `${bin}/kas`);
      const ended = await execute(["bash", "-euc", await documentedCommands()], {
        ...settings(r),
        PATH: r.path,
        WORKERS: `${base.address} ${node.address}`,
        CONTROL: control.address,
        KEY: r.identity,
      });
      say(`  ${ended.stdout.trim().replaceAll("\n", "\n  ")}`);
      assertEquals(ended.code, 0, ended.stderr);
    },
  );
  // Shut both machines down, because the sandbox boots the base instance itself, and its node is stopped at first.
  await Promise.all([r.shutDown(BASE), r.shutDown(NODE)]);

  await using sandbox = await startSandbox({
    kind: true,
    address: r.address,
    subnet: r.subnet,
    commands: r.commands,
    port: AWS_PORT,
    speed: SPEED,
  });
  const env = { ...sandbox.env, PATH: r.path };
  const kas = async (...words: string[]) => {
    const ended = await execute([KAS, "admin", ...words], env);
    assertEquals(ended.code, 0, ended.stderr);
    return ended.stdout;
  };

  await t.step(
    "each of the nine scenario steps ends with the expected number of instances on real hosts",
    async () => {
      const cpu = { low: 42, high: 80 };
      await kas(
        "setup",
        "--url",
        `http://${control.address}:10000`,
        "--cpu",
        `${cpu.low}:${cpu.high}`,
        "--period",
        "60",
      );
      const { terminal, out } = captured();
      const output = new Output(terminal, { format: "table", header: true, quiet: true, verbose: false });
      const { signal } = new AbortController();
      const right = await playNineStepsWith(
        { sandbox, speed: SPEED, step: 300_000, cpu, out: output, signal },
        {
          decisions: () => Promise.resolve([]),
          failed: new Promise<never>(() => {}),
        },
      );
      say(out());
      assert(right, await control.sh("journalctl -u kas-autoscaler -n 40 --no-pager -o cat"));
    },
  );

  // From here on, only the test changes the fleet's capacity.
  await control.sh("systemctl stop kas-autoscaler");
  const inService = () =>
    sandbox.account.instances().filter(({ registration }) => registration === "in-service")
      .length;
  if (inService() < 2) {
    await kas("instances", "start", NODE_ID);
    await kas("balancers", "register", "kas", NODE_ID);
  }
  await sandbox.account.waitUntil(() => inService() === 2);

  await t.step("provision --rolling upgrades a fleet under load, and no request fails", async () => {
    const clients = hammer(`${sandbox.balancerUrl}/work`, 2);
    const ended = await provision(
      r,
      ["--rolling", "--binary", await otherBuild(r.folder), BASE_ID, NODE_ID],
      env,
    );
    const { answered, failures } = await clients.stop();
    say(`  ${answered} requests answered meanwhile\n  ${times(ended)}`);
    assertEquals(ended.code, 0, ended.stderr);
    for (const id of [BASE_ID, NODE_ID]) assertEquals(results(ended)[`${id} verify`], "done");
    assertEquals(failures, []);
    assert(answered > 0);
    assertEquals(inService(), 2);
  });

  await t.step("the load balancer sends no requests to a host after the host is killed", async () => {
    await r.shutDown(NODE, true);
    await sandbox.account.waitUntil(() => inService() === 1);
    const statuses = await Promise.all(Array.from({ length: 20 }, async () => {
      const response = await fetch(`${sandbox.balancerUrl}/work`);
      await response.text();
      return response.status;
    }));
    assertEquals(new Set(statuses), new Set([200]));
  });
});
