import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { admin } from "../../../../src/admin/command.ts";
import { HOST_SETTINGS } from "../../../../src/admin/provision/host_settings.ts";
import { autoscaler } from "../../../../src/autoscaler/command.ts";
import type { Command } from "../../../../src/cli/command.ts";
import { worker } from "../../../../src/worker/command.ts";
import { MOST_USER_DATA } from "../../../../src/provision/user_data.ts";
import { runWords } from "../../cli/captured.ts";

const ROOT = { name: "kas", summary: "", commands: [admin] };

const kas = (words: string[], env = {}) => runWords(ROOT, ["admin", ...words], { env });

for (
  const [words, told] of [
    [[], /needs TARGET…/],
    [["a b"], /expected \[user@\]host\[:port\], or an instance's id/],
    [["-oProxyCommand=x"], /Unknown option/],
    [
      ["host", "--rolling"],
      /--rolling goes through the load balancer, and needs instances' ids: host is a host/,
    ],
    [["host", "--rollback", "--remove"], /exclude each other/],
    [["host", "--remove"], /Take kas off host\? There is no terminal to ask on: say --yes/],
    [["host", "--certificate", "x"], /--certificate and --certificate-key go together/],
    [["host", "--certificate", "/nowhere", "--certificate-key", "/nowhere"], /Cannot read \/nowhere/],
    [["host", "--role", "workr"], /expected worker, autoscaler or both/],
  ] as [string[], RegExp][]
) {
  Deno.test(`provision ${words.join(" ")} is bad usage, told in one line`, async () => {
    const { status, err } = await kas(["provision", ...words]);
    assertEquals([status, err.trim().split("\n").length], [2, 1]);
    assertMatch(err, told);
  });
}

Deno.test("user-data prints a script that pins the executable and holds the settings that somebody set", async () => {
  const env = { KAS_TOPIC_ARN: "arn:aws:sns:eu-west-1:123456789012:kas", AWS_PROFILE: "mine" };
  const words = [
    "--url",
    "https://example.com/kas",
    "--sha256",
    "A".repeat(64),
    "--role",
    "both",
    "--max",
    "4",
  ];
  const { status, out } = await kas(["user-data", ...words], env);
  assertEquals(status, 0);
  assertStringIncludes(out, `${"a".repeat(64)}  $folder/kas`);
  assertStringIncludes(
    out,
    "--role=both --topic-arn=arn:aws:sns:eu-west-1:123456789012:kas --max=4 --binary",
  );
  assertEquals(out.includes("profile"), false);
});

for (
  const [words, told] of [
    [[], /needs --url/],
    [["--url", "http://example.com/kas"], /expected a URL such as https/],
    [["--url", "https://example.com/kas", "--sha256", "abc"], /expected 64 hexadecimal digits/],
    [["--url", "https://example.com/kas", "--binary", "/nowhere"], /say --sha256, or --binary FILE/],
  ] as [string[], RegExp][]
) {
  Deno.test(`user-data ${words.join(" ")} is bad usage`, async () => {
    const { status, err } = await kas(["user-data", ...words]);
    assertEquals(status, 2);
    assertMatch(err, told);
  });
}

Deno.test("user-data refuses to print more than EC2 takes", async () => {
  const url = `https://example.com/${"k".repeat(MOST_USER_DATA)}`;
  const { status, err } = await kas(["user-data", "--url", url, "--sha256", "a".repeat(64)]);
  assertEquals(status, 1);
  assertMatch(err, /EC2 takes 16384 at most/);
});

Deno.test("a host can be given every setting of the services on it, but for what their units say and what is the operator's own", () => {
  const of = ({ options }: Command) => Object.keys(options ?? {});
  const left = new Set([...of(worker), ...of(autoscaler)].filter((name) => !(name in HOST_SETTINGS)));
  assertEquals(left, new Set(["listen", "state", "profile", "dryRun"]));
});
