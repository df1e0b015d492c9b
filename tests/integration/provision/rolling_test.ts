import { assert, assertEquals, assertMatch } from "@std/assert";
import { startSandbox } from "../../../src/sandbox/sandbox.ts";
import { machines } from "../../unit/autoscaler/fixtures.ts";
import { type Ended, eventually, execute, FROM_SOURCE, start } from "../../support/kas.ts";
import { testWith } from "../../support/needs.ts";
import { GOOD_BINARY, HOSTS, type Hosts, makeHosts, results } from "./hosts.ts";

const [BASE, NODE] = ["i-00000000000000001", "i-00000000000000002"] as const;

/** Ends badly, whatever it is told. */
const BAD_BINARY = GOOD_BINARY.replace(/true$/, "false");

/** A fleet of two in service, each of them a worker already. */
async function rollable(
  { work = Promise.resolve(), speed = 100 }: { work?: Promise<void>; speed?: number } = {},
) {
  await using stack = new AsyncDisposableStack();
  const machine = machines(() => true, work);
  const sandbox = stack.use(await startSandbox({ nodes: 1, speed, balancerPort: 0, machine }));
  const env = sandbox.env;
  const kas = async (...words: string[]) => {
    const ended = await execute([...FROM_SOURCE, "admin", ...words], env);
    assertEquals(ended.code, 0, ended.stderr);
    return ended.stdout;
  };
  await kas("instances", "start", NODE);
  await kas("balancers", "register", "kas", NODE);
  const standing = (id: string) => sandbox.world.instances().find((it) => it.id === id)?.standing;
  await sandbox.world.until(() => [BASE, NODE].every((id) => standing(id) === "in-service"));
  const addresses = new Map<string, string>(
    JSON.parse(await kas("instances", "list", "--output", "json"))
      .map(({ id, public_dns }: { id: string; public_dns: string }) => [id, public_dns]),
  );
  const [base = "", node = ""] = [addresses.get(BASE), addresses.get(NODE)];
  const hosts = stack.use(await makeHosts(base, node));
  assertEquals((await hosts.provision(["--binary", GOOD_BINARY, base, node])).code, 0);
  const words = ["--rolling", "--fleet", "kas", "--role", "worker", "--max", "7", "--binary"];
  const owned = stack.move();
  return {
    sandbox,
    machine,
    standing,
    /** Rolls both, with such words beside. */
    roll: (more: readonly string[] = [], binary = GOOD_BINARY) =>
      hosts.provision([...words, binary, ...more, BASE, NODE], env),
    start: (more: readonly string[]) =>
      start([
        ...FROM_SOURCE,
        "admin",
        "provision",
        "--output",
        "tsv",
        ...words,
        GOOD_BINARY,
        ...more,
        BASE,
        NODE,
      ], {
        ...env,
        ...hosts.env,
      }),
    /** Whether an instance's host has the new settings. */
    upgraded: (id: string) => isUpgraded(hosts, addresses.get(id) ?? ""),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

async function isUpgraded({ folder }: Hosts, host: string): Promise<boolean> {
  return (await Deno.readTextFile(`${folder}/${host}/etc/kas/kas.json`)).includes('"max": 7');
}

/** The rows of an instance as `step result`. */
function steps(ended: Ended, id: string): string[] {
  return Object.entries(results(ended)).filter(([key]) => key.startsWith(`${id} `))
    .map(([key, result]) => `${key.slice(id.length + 1)} ${result}`);
}

const CHANGED = ["packages unchanged", "binary unchanged", "files done", "services done", "verify done"];

testWith(
  HOSTS,
  "provision --rolling takes one instance after the other out, changes it, and waits until it serves",
  async () => {
    await using it = await rollable();
    const ended = await it.roll();
    assertEquals(ended.code, 0, ended.stderr);
    for (const id of [BASE, NODE]) {
      assertEquals(steps(ended, id), ["look done", "drain done", ...CHANGED, "register done"]);
      assertEquals([it.standing(id), await it.upgraded(id)], ["in-service", true]);
    }
    const calls = it.sandbox.calls.map(({ action }) => action).filter((action) =>
      /^(Der|R)egister/.test(action)
    );
    const [out, back] = ["DeregisterInstancesFromLoadBalancer", "RegisterInstancesWithLoadBalancer"];
    assertEquals(calls.slice(-4), [out, back, out, back]);
  },
);

testWith(
  HOSTS,
  "a node that never becomes healthy ends the roll, which says what was upgraded and what was not",
  async () => {
    await using it = await rollable();
    it.sandbox.faults.set(`unhealthy=${BASE}`);
    const ended = await it.roll(["--start-timeout", "1s"]);
    assertEquals(ended.code, 1);
    assertEquals(steps(ended, BASE), ["look done", "drain done", ...CHANGED, "register failed"]);
    assertEquals(
      ended.stderr,
      `kas: ${BASE}: load balancer kas did not find it in service within 1 s; try: kas admin balancers\n` +
        `kas: Stopped at the first failure; not begun: ${NODE}\n`,
    );
    assertEquals([await it.upgraded(BASE), await it.upgraded(NODE)], [true, false]);
    assertEquals([it.standing(BASE), it.standing(NODE)], ["out-of-service", "in-service"]);
  },
);

testWith(
  HOSTS,
  "requests that do not end keep an instance from being changed, and it serves on",
  async () => {
    const work = Promise.withResolvers<void>();
    // The balancer waits for an answer for 60 s of the sandbox.
    await using it = await rollable({ work: work.promise, speed: 10 });
    // Two, so that each instance has one.
    const requests = [1, 2].map(() =>
      fetch(`${it.sandbox.balancerUrl}/work`).then((response) => response.text())
    );
    try {
      await eventually(() => it.machine.held(), (held) => held === 2);
      const ended = await it.roll(["--drain-timeout", "1s"]);
      assertEquals(ended.code, 1);
      assertEquals(steps(ended, BASE), ["look done", "drain failed", "register done"]);
      assertMatch(
        ended.stderr,
        new RegExp(`^kas: ${BASE}: its requests did not end within 1 s; try: a longer --drain-timeout\n`),
      );
      assertEquals([await it.upgraded(BASE), it.standing(BASE)], [false, "in-service"]);
    } finally {
      work.resolve();
      await Promise.all(requests);
    }
  },
);

testWith(
  HOSTS,
  "an instance whose change fails is put back into service, and the roll ends there",
  async () => {
    await using it = await rollable();
    const ended = await it.roll([], BAD_BINARY);
    assertEquals(ended.code, 1);
    const [, ...rest] = steps(ended, BASE);
    assertEquals(rest, ["drain done", "packages unchanged", "binary failed", "undo undone", "register done"]);
    assertMatch(ended.stderr, new RegExp(`not begun: ${NODE}\n$`));
    assertEquals([await it.upgraded(BASE), it.standing(BASE)], [false, "in-service"]);
  },
);

testWith(HOSTS, "an instance that AWS does not take back is told, with the command that does", async () => {
  await using it = await rollable();
  it.sandbox.faults.set("deny=elasticloadbalancing:RegisterInstancesWithLoadBalancer");
  const ended = await it.roll();
  assertEquals(ended.code, 1);
  assertEquals(steps(ended, BASE).slice(-2), ["verify done", "register failed"]);
  assertMatch(
    ended.stderr,
    new RegExp(
      `^kas: ${BASE}: it is left out of load balancer kas: .*; try: kas admin balancers register kas ${BASE}\n`,
    ),
  );
});

testWith(
  HOSTS,
  "Ctrl-C while an instance gets back into service says that it was changed and is registered",
  async () => {
    await using it = await rollable();
    it.sandbox.faults.set(`unhealthy=${BASE}`);
    await using kas = it.start(["--start-timeout", "10m"]);
    const registered = () =>
      it.sandbox.calls.at(-1)?.action === "DescribeInstanceHealth" && it.standing(BASE) === "out-of-service";
    await eventually(async () => registered() && await it.upgraded(BASE), Boolean);
    kas.kill("SIGINT");
    assertEquals((await kas.status).code, 130);
    const said = kas.lines.join("\n");
    assertMatch(
      said,
      new RegExp(`^kas: ${BASE}: interrupted: it is registered, and was not waited for$`, "m"),
    );
    assertMatch(said, new RegExp(`^${BASE}\tverify\tdone\t`, "m"));
    assertMatch(said, new RegExp(`^kas: Interrupted; not begun: ${NODE}$`, "m"));
    assert(await it.upgraded(BASE));
  },
);
