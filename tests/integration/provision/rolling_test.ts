import { assert, assertEquals, assertMatch } from "@std/assert";
import { startSandbox } from "../../../src/sandbox/sandbox.ts";
import { machines } from "../../unit/autoscaler/fixtures.ts";
import { type Ended, eventually, execute, FROM_SOURCE, start } from "../../support/kas.ts";
import { testWith } from "../../support/needs.ts";
import { GOOD_BINARY, HOSTS, type Hosts, makeHosts, results } from "./hosts.ts";

const [BASE, NODE] = ["i-00000000000000001", "i-00000000000000002"] as const;

/** An executable that exits with status 1. */
const BAD_BINARY = GOOD_BINARY.replace(/true$/, "false");

/** A fleet of two instances in service. Each instance is a simulated host on which a worker is already installed. */
async function workerFleet(
  { work = Promise.resolve(), speed = 100 }: { work?: Promise<void>; speed?: number } = {},
) {
  await using stack = new AsyncDisposableStack();
  const machine = machines(() => true, work);
  const sandbox = stack.use(await startSandbox({ kind: true, nodes: 1, speed, balancerPort: 0, machine }));
  const env = sandbox.env;
  const kas = async (...args: string[]) => {
    const ended = await execute([...FROM_SOURCE, "admin", ...args], env);
    assertEquals(ended.code, 0, ended.stderr);
    return ended.stdout;
  };
  await kas("instances", "start", NODE);
  await kas("balancers", "register", "kas", NODE);
  const registration = (id: string) => sandbox.account.instances().find((it) => it.id === id)?.registration;
  await sandbox.account.waitUntil(() => [BASE, NODE].every((id) => registration(id) === "in-service"));
  const addresses = new Map<string, string>(
    JSON.parse(await kas("instances", "list", "--output", "json"))
      .map(({ id, public_dns }: { id: string; public_dns: string }) => [id, public_dns]),
  );
  const [base = "", node = ""] = [addresses.get(BASE), addresses.get(NODE)];
  const hosts = stack.use(await makeHosts(base, node));
  assertEquals((await hosts.provision(["--role", "worker", "--binary", GOOD_BINARY, base, node])).code, 0);
  const args = ["--rolling", "--fleet", "kas", "--role", "worker", "--max", "7", "--binary"];
  const owned = stack.move();
  return {
    sandbox,
    machine,
    registration,
    /** Runs `kas admin provision --rolling` for both instances. */
    roll: (more: readonly string[] = [], binary = GOOD_BINARY) =>
      hosts.provision([...args, binary, ...more, BASE, NODE], env),
    start: (more: readonly string[]) =>
      start([
        ...FROM_SOURCE,
        "admin",
        "provision",
        "--output",
        "tsv",
        ...args,
        GOOD_BINARY,
        ...more,
        BASE,
        NODE,
      ], {
        ...env,
        ...hosts.env,
      }),
    /** Returns whether the host of an instance has the new settings. */
    isUpdated: (id: string) => hasNewSettings(hosts, addresses.get(id) ?? ""),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

async function hasNewSettings({ folder }: Hosts, host: string): Promise<boolean> {
  return (await Deno.readTextFile(`${folder}/${host}/etc/kas/kas.json`)).includes('"max": 7');
}

/** Returns the rows of an instance, as `step result`. */
function steps(ended: Ended, id: string): string[] {
  return Object.entries(results(ended)).filter(([key]) => key.startsWith(`${id} `))
    .map(([key, result]) => `${key.slice(id.length + 1)} ${result}`);
}

const CHANGED = ["packages unchanged", "binary unchanged", "files done", "services done", "verify done"];

testWith(
  HOSTS,
  "provision --rolling deregisters, changes and registers one instance at a time",
  async () => {
    await using it = await workerFleet();
    const ended = await it.roll();
    assertEquals(ended.code, 0, ended.stderr);
    for (const id of [BASE, NODE]) {
      assertEquals(steps(ended, id), ["inspect done", "drain done", ...CHANGED, "register done"]);
      assertEquals([it.registration(id), await it.isUpdated(id)], ["in-service", true]);
    }
    const calls = it.sandbox.calls.map(({ action }) => action).filter((action) =>
      /^(Der|R)egister|Tags$/.test(action)
    );
    // The tag is kas:by-operator: the autoscaler has not lost the instance.
    const [out, back] = ["DeregisterInstancesFromLoadBalancer", "RegisterInstancesWithLoadBalancer"];
    const one = ["CreateTags", out, back, "DeleteTags"];
    assertEquals(calls.slice(-8), [...one, ...one]);
  },
);

testWith(
  HOSTS,
  "provision --rolling stops after an instance that does not become healthy, and lists the unchanged instances",
  async () => {
    await using it = await workerFleet();
    it.sandbox.faults.set(`unhealthy=${BASE}`);
    const ended = await it.roll(["--start-timeout", "1s"]);
    assertEquals(ended.code, 1);
    assertEquals(steps(ended, BASE), ["inspect done", "drain done", ...CHANGED, "register failed"]);
    assertMatch(
      ended.stderr,
      new RegExp(
        `^kas: ${BASE}: the instance was not in service .*1 s; try: kas admin balancers\nkas: Stopped .*: ${NODE}\n$`,
      ),
    );
    assertEquals([await it.isUpdated(BASE), await it.isUpdated(NODE)], [true, false]);
    assertEquals([it.registration(BASE), it.registration(NODE)], ["out-of-service", "in-service"]);
  },
);

testWith(
  HOSTS,
  "provision --rolling does not change an instance whose requests do not end",
  async () => {
    const work = Promise.withResolvers<void>();
    // The load balancer waits 60 s of sandbox time for the response to a request.
    await using it = await workerFleet({ work: work.promise, speed: 10 });
    // There is one row for each instance.
    const requests = [1, 2].map(() =>
      fetch(`${it.sandbox.balancerUrl}/work`).then((response) => response.text())
    );
    try {
      await eventually(() => it.machine.held(), (held) => held === 2);
      const ended = await it.roll(["--drain-timeout", "1s"]);
      assertEquals(ended.code, 1);
      assertEquals(steps(ended, BASE), ["inspect done", "drain failed", "register done"]);
      assertMatch(ended.stderr, new RegExp(`^kas: ${BASE}: .*1 s; try: a longer --drain-timeout\n`));
      assertEquals([await it.isUpdated(BASE), it.registration(BASE)], [false, "in-service"]);
    } finally {
      work.resolve();
      await Promise.all(requests);
    }
  },
);

testWith(
  HOSTS,
  "provision --rolling registers an instance whose change failed, and changes no further instance",
  async () => {
    await using it = await workerFleet();
    const ended = await it.roll([], BAD_BINARY);
    assertEquals(ended.code, 1);
    const [, ...rest] = steps(ended, BASE);
    assertEquals(rest, [
      "drain done",
      "packages unchanged",
      "binary failed",
      "rollback done",
      "register done",
    ]);
    assertMatch(ended.stderr, new RegExp(`not started: ${NODE}\n$`));
    assertEquals([await it.isUpdated(BASE), it.registration(BASE)], [false, "in-service"]);
  },
);

testWith(
  HOSTS,
  "if AWS refuses to register an instance, provision --rolling prints the command that registers it",
  async () => {
    await using it = await workerFleet();
    it.sandbox.faults.set("deny=elasticloadbalancing:RegisterInstancesWithLoadBalancer");
    const ended = await it.roll();
    assertEquals(ended.code, 1);
    assertEquals(steps(ended, BASE).slice(-2), ["verify done", "register failed"]);
    assertMatch(
      ended.stderr,
      new RegExp(`^kas: ${BASE}: .*; try: kas admin balancers register kas ${BASE}\n`),
    );
  },
);

testWith(
  HOSTS,
  "Ctrl-C during the registration of an instance makes provision report that the instance is changed and registered",
  async () => {
    await using it = await workerFleet();
    it.sandbox.faults.set(`unhealthy=${BASE}`);
    await using kas = it.start(["--start-timeout", "10m"]);
    const registered = () =>
      it.sandbox.calls.at(-1)?.action === "DescribeInstanceHealth" &&
      it.registration(BASE) === "out-of-service";
    await eventually(async () => registered() && await it.isUpdated(BASE), Boolean);
    kas.kill("SIGINT");
    assertEquals((await kas.status).code, 130);
    const output = kas.lines.join("\n");
    assertMatch(output, new RegExp(`^kas: ${BASE}: interrupted after the registration`, "m"));
    assertMatch(output, new RegExp(`^${BASE}\tverify\tdone\t`, "m"));
    assertMatch(output, new RegExp(`^kas: Interrupted; .*: ${NODE}$`, "m"));
    assert(await it.isUpdated(BASE));
  },
);
