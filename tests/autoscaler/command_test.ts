import { assertEquals, assertMatch } from "@std/assert";
import { eventually, execute, FROM_SOURCE, start } from "../kas.ts";
import { startSandbox } from "../../src/sandbox/sandbox.ts";
import { machines } from "./fixtures.ts";

const ARN = "arn:aws:sns:eu-west-1:000000000000:kas";

const USAGE: readonly [args: string, message: RegExp][] = [
  ["", /^kas: kas autoscaler needs --topic-arn, .*try: kas admin topics list/i],
  ["--topic-arn kas", /^kas: Cannot take "kas" for --topic-arn: .*\n/],
  [`--topic-arn ${ARN} --min 3 --max 2`, /^kas: --min 3 is above --max 2\b/],
  [`--topic-arn ${ARN} --resync 0`, /^kas: --resync 0 /],
];

for (const [args, message] of USAGE) {
  Deno.test(`kas autoscaler ${args} is bad usage`, async () => {
    const { code, stderr } = await execute([
      ...FROM_SOURCE,
      "autoscaler",
      ...args.split(" ").filter(Boolean),
    ]);
    assertEquals(code, 2, stderr);
    assertMatch(stderr, message);
  });
}

Deno.test("kas autoscaler serves until SIGTERM and ends with 0; a second one on its state folder is refused", async () => {
  await using sandbox = await startSandbox({ speed: 40, balancerPort: 0, machine: machines() });
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

Deno.test("kas autoscaler says in one line that it can't use its state folder", async () => {
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
