import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { type Ended, execute, FROM_SOURCE } from "../support/kas.ts";

const kas = (words: string, env: Record<string, string> = {}): Promise<Ended> =>
  execute([...FROM_SOURCE, ...words.split(" ")], env);

/** No stack trace, nothing on stdout. */
function assertTold({ stdout, stderr }: Ended, lines: number): void {
  assertEquals(stdout.split("\n").filter((line) => line !== "" && !line.startsWith("id\t")), []);
  assertEquals(stderr.trimEnd().split("\n").length, lines, stderr);
  assertEquals(/^\s+at /m.test(stderr), false, stderr);
}

Deno.test("kas --version and kas --help print to stdout and exit with status 0", async () => {
  const version = await kas("--version");
  assertEquals([version.code, version.stderr], [0, ""]);
  assertMatch(version.stdout, /^kas \d+\.\d+\.\d+ \(from source, \S+, deno \d+\.\d+\.\d+\)\n$/);
  const help = await kas("admin --help");
  assertEquals([help.code, help.stderr], [0, ""]);
  assertStringIncludes(help.stdout, "Usage: kas admin COMMAND");
});

Deno.test("a usage error is one line on stderr, with exit status 2", async () => {
  for (
    const words of [
      "amdin",
      "admin instances --sate x",
      "admin instances --state x",
      "admin config --config /nowhere.json",
    ]
  ) {
    const ended = await kas(words);
    assertEquals(ended.code, 2, words);
    assertTold(ended, 1);
  }
});

Deno.test("missing credentials and an unreachable AWS lead to exit status 3, and the errors contain a remedy", async () => {
  const region = { AWS_REGION: "eu-west-1" };
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const closed = `http://127.0.0.1:${listener.addr.port}`;
  listener.close();
  const cases: [Record<string, string>, string][] = [
    [region, "kas: no AWS credentials"],
    [
      { ...region, AWS_ENDPOINT_URL: closed, AWS_ACCESS_KEY_ID: "a", AWS_SECRET_ACCESS_KEY: "b" },
      "kas: AWS is unreachable",
    ],
    [{ AWS_ACCESS_KEY_ID: "a", AWS_SECRET_ACCESS_KEY: "b" }, "kas: no AWS region"],
  ];
  for (const [env, beginning] of cases) {
    const ended = await kas("admin instances", env);
    assertEquals(ended.code, 3, ended.stderr);
    assertEquals(ended.stderr.slice(0, beginning.length), beginning);
    assertMatch(ended.stderr, /\nTry: .+\n$/);
    assertTold(ended, 2);
  }
});
