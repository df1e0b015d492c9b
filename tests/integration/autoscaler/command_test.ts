import { assertEquals, assertMatch } from "@std/assert";
import { eventually, execute, FROM_SOURCE, start } from "../../support/kas.ts";
import { program, testWith } from "../../support/needs.ts";
import { startSandbox } from "../../../src/sandbox/sandbox.ts";
import { machines } from "../../unit/autoscaler/fixtures.ts";

const ARN = "arn:aws:sns:eu-west-1:000000000000:kas";

const GROUP = "arn:aws:elasticloadbalancing:eu-west-1:000000000000:targetgroup/kas/0123456789abcdef";

const USAGE: readonly [args: string, message: RegExp][] = [
  ["", /^kas: kas autoscaler needs --topic-arn, .* or --pull; try: kas admin topics list/i],
  ["--pull --resync 0", /^kas: --resync 0 /],
  ["--topic-arn kas", /^kas: Invalid value "kas" for --topic-arn: .*\n/],
  [`--topic-arn ${ARN} --min 3 --max 2`, /^kas: --min 3 is greater than --max 2\b/],
  [`--topic-arn ${ARN} --resync 0`, /^kas: --resync 0 /],
  [
    "--pull --grow kas-node",
    /^kas: --grow needs --max[^\n]*; try: --max 10\n$/,
  ],
  [
    "--pull --grow k+n --max 3",
    /^kas: Invalid value "k\+n" for --grow: expected a launch template's name or id /,
  ],
  [
    "--pull --max 3 --shrink terminate",
    /^kas: --shrink terminate needs --grow: /,
  ],
  [
    "--pull --target-group kas",
    /^kas: Invalid value "kas" for --target-group: expected a target group's ARN .*\n$/,
  ],
  [
    `--pull --load-balancer kas --target-group ${GROUP}`,
    /^kas: --load-balancer and --target-group exclude each other: give only one of them\n$/,
  ],
];

for (const [args, message] of USAGE) {
  Deno.test(`kas autoscaler ${args} is a usage error`, async () => {
    const { code, stderr } = await execute([
      ...FROM_SOURCE,
      "autoscaler",
      ...args.split(" ").filter(Boolean),
    ]);
    assertEquals(code, 2, stderr);
    assertMatch(stderr, message);
  });
}

Deno.test("kas autoscaler serves until SIGTERM and exits with status 0; a second autoscaler cannot use the same state folder", async () => {
  await using sandbox = await startSandbox({ kind: true, speed: 40, balancerPort: 0, machine: machines() });
  const state = await Deno.makeTempDir();
  try {
    const words = [...FROM_SOURCE, "autoscaler", "--listen", "127.0.0.1:0", "--state", state];
    await using first = start(words, sandbox.env);
    const [, url = ""] = await first.line(/listening on (http:\/\/\S+)/);
    assertEquals(await (await fetch(`${url}/ping`)).text(), "pong");

    const second = await execute(words, sandbox.env);
    assertEquals(second.code, 1);
    assertMatch(
      second.stderr,
      /^kas: Cannot use state folder \S+: another autoscaler is using it\n/,
    );

    await eventually(
      async () => (await (await fetch(`${url}/activities`)).json()).length,
      (lines) => lines === 1,
    );
    first.kill("SIGTERM");
    assertEquals((await first.status).code, 0);
    assertMatch(first.lines.at(-1) ?? "", / info autoscaler: stopped$/);

    await using again = start(words, sandbox.env);
    await again.line(/listening on/);
  } finally {
    await Deno.remove(state, { recursive: true });
  }
});

Deno.test("kas autoscaler prints a one-line error if it cannot use its state folder", async () => {
  const file = await Deno.makeTempFile();
  try {
    const { code, stderr } = await execute([
      ...FROM_SOURCE,
      "autoscaler",
      "--topic-arn",
      ARN,
      "--state",
      `${file}/kas`,
    ]);
    assertEquals(code, 1);
    assertMatch(stderr, /^kas: Cannot use state folder \S+: Not a directory /);
  } finally {
    await Deno.remove(file);
  }
});

Deno.test("kas autoscaler exits with status 1 and one line if its lock file is deleted, and can then start again", async () => {
  await using sandbox = await startSandbox({ speed: 40, balancerPort: 0, machine: machines() });
  const state = await Deno.makeTempDir();
  try {
    const words = [...FROM_SOURCE, "autoscaler", "--listen", "127.0.0.1:0", "--state", state];
    await using first = start(words, sandbox.env);
    await first.line(/listening on/);
    await Deno.remove(`${state}/kas.lock`);
    assertEquals((await first.status).code, 1);
    assertMatch(
      first.lines.find((line) => line.startsWith("kas: ")) ?? "",
      /kas\.lock was deleted or replaced/,
    );
    await using again = start(words, sandbox.env);
    await again.line(/listening on/);
  } finally {
    await Deno.remove(state, { recursive: true });
  }
});

const DEAF: readonly [what: string, script: string][] = [
  ["is closed", `exec "$@" 2>&-`],
  ["has no reader any more", `exec "$@" 2> >(true)`],
  ["has a reader that does not read", `exec "$@"`],
];

for (const [what, script] of DEAF) {
  testWith(
    [program("bash")],
    `kas autoscaler continues to serve if its stderr ${what}, and exits normally`,
    async () => {
      await using sandbox = await startSandbox({
        kind: true,
        speed: 40,
        balancerPort: 0,
        machine: machines(),
      });
      const state = await Deno.makeTempDir();
      const listen = freeAddress();
      const child = new Deno.Command("bash", {
        args: ["-c", script, "bash", ...FROM_SOURCE, "autoscaler", "--listen", listen, "--state", state],
        env: { ...sandbox.env },
        stdout: "null",
        stderr: "piped",
      }).spawn();
      try {
        const ping = async () => await (await fetch(`http://${listen}/ping`)).text();
        await eventually(() => ping().catch(() => "not yet"), (text) => text === "pong");
        // kas refuses each message and logs it. 190 KB of log lines are more than the buffer of a pipe.
        for (let n = 0; n < 2_000; n++) {
          const signal = AbortSignal.timeout(10_000);
          const response = await fetch(`http://${listen}/`, { method: "POST", body: "x", signal });
          await response.body?.cancel();
          assertEquals(response.status, 400);
        }
        assertEquals(await ping(), "pong");
      } finally {
        child.kill("SIGTERM");
        const stuck = setTimeout(() => child.kill("SIGKILL"), 10_000);
        const { code } = await child.status;
        clearTimeout(stuck);
        await child.stderr.cancel();
        await Deno.remove(state, { recursive: true });
        assertEquals(code, 0);
      }
    },
  );
}

/** Returns an address on loopback at which no process listens. */
function freeAddress(): string {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return `127.0.0.1:${listener.addr.port}`;
}
