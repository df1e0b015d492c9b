/**
 * nginx on three machines on which nothing of kas runs, from an empty account to an empty account. Debian's node_exporter measures their
 * CPU. It shows the CPU of the host, which the machines share.
 */
import { assert, assertEquals } from "@std/assert";
import { startSandbox } from "../../../src/sandbox/sandbox.ts";
import { eventually, execute, FROM_SOURCE, start } from "../../support/kas.ts";
import { program, testWith } from "../../support/needs.ts";
import { credentials } from "../../unit/aws/wire.ts";
import { inventory } from "../inventory.ts";
import { hammer } from "./hammer.ts";
import { say } from "./provision.ts";
import { MACHINES, type Room, room } from "./room.ts";

/** The machines run kas in no test of this file, so they do not need the executable. */
const NEEDS = [...MACHINES.slice(0, -1), program("aws")];

const FLEET = "web";

testWith(
  NEEDS,
  "nginx on three machines is set up from an empty account, scales out and in without a failed request, scales out by the CPU of node_exporter, and leaves nothing",
  async () => {
    credentials();
    await using r = await room();
    const place = { address: r.address, subnet: r.subnet, commands: r.commands };
    await using sandbox = await startSandbox({ empty: true, fleet: FLEET, speed: 15, ...place });
    const { KAS_TOPIC_ARN: _, ...env } = sandbox.env;
    const kas = async (words: string, more: Record<string, string> = {}) => {
      const argv = [...FROM_SOURCE, "admin", ...words.split(" "), "--output", "json"];
      const ended = await execute(argv, { ...env, ...more });
      assertEquals(ended.code, 0, `${words}: ${ended.stderr}`);
      return JSON.parse(ended.stdout) as Record<string, unknown>[];
    };
    const states = () => sandbox.account.instances().map(({ state }) => state);
    const empty = await inventory(env);

    await kas("instances create --role base --image ami-1");
    const nodes = await kas("instances create --count 2 --image ami-1");
    await sandbox.account.waitUntil(() => states().every((state) => state === "running"));
    await kas(`instances stop ${nodes.map(({ id }) => id).join(" ")}`);
    await sandbox.account.waitUntil(() => states().filter((state) => state === "stopped").length === 2);
    const rows = await kas("setup --balancer application --listen http:8089 --forward 80");
    const arn = String(rows.find(({ resource }) => resource === "target-group")?.["arn"]);
    const settings = { KAS_TARGET_GROUP: arn, KAS_TOPIC_ARN: `arn:aws:sns:eu-west-1:000000000000:${FLEET}` };

    const inService = () =>
      sandbox.account.instances().filter(({ registration }) => registration === "in-service").length;
    await sandbox.account.waitUntil(() => inService() === 1);
    const state = `${r.folder}/state`;
    {
      const flags = `--listen 127.0.0.1:0 --state ${state} --warmup 0s --metric-delay 0s`;
      const words = [...FROM_SOURCE, "autoscaler", ...flags.split(" ")];
      await using autoscaler = start(words, { ...env, ...settings });
      const [, url = ""] = await autoscaler.line(/listening on (http:\/\/\S+)/);
      // The CPU crosses no such threshold: only the test changes the states of the alarms.
      await kas(`setup --url ${url} --cpu 0.001:100`, settings);
      const [{ dns_name: host } = {}] = await kas("balancers", settings);
      const clients = hammer(`http://${host}:8089/`, 2);
      await kas(`scale to 3 --state ${state}`, settings);
      assertEquals(inService(), 3);
      // kas stops no instance while all it knows of the CPU is from before the start of the others.
      const smaller = [...FROM_SOURCE, "admin", "scale", "to", "1", "--state", state];
      await eventually(() => execute(smaller, { ...env, ...settings }), ({ code }) => code === 0);
      assertEquals(states().filter((state) => state === "running").length, 1);
      const { answered, failures } = await clients.stop();
      say(`  ${answered} requests answered by nginx`);
      assertEquals(failures, []);
      assert(answered > 100);
    }
    {
      const policies = JSON.stringify([{ type: "target", metric: "cpu", target: 90 }]);
      const flags =
        `--pull --state ${r.folder}/telemetry --warmup 0s --scrape http:9100/metrics --scrape-interval 330ms`;
      const words = [...FROM_SOURCE, "autoscaler", ...flags.split(" "), "--policies", policies];
      await using autoscaler = start(words, { ...env, ...settings });
      const [base = { address: "" }] = sandbox.account.instances().filter(({ state }) => state === "running");
      await using _load = start(keepBusy(r, base.address), { PATH: r.path });
      const [decided] = await autoscaler.line(/decided start trigger=telemetry.*/);
      say(`  ${decided}`);
      await sandbox.account.waitUntil(() => inService() >= 2);
    }
    await kas("teardown --instances --yes");
    await sandbox.account.waitUntil(() => states().every((state) => state === "terminated"));
    assertEquals(await inventory(env), empty);
  },
);

/** Returns the command that keeps all CPUs of a machine busy for at most a minute. */
function keepBusy({ identity }: Pick<Room, "identity">, address: string): string[] {
  const loop = "for i in $(seq $(nproc)); do timeout 60 sh -c 'while :; do :; done' & done; wait";
  return [
    "ssh",
    "-i",
    identity,
    "-o",
    "StrictHostKeyChecking=accept-new",
    "-o",
    "BatchMode=yes",
    `root@${address}`,
    loop,
  ];
}
