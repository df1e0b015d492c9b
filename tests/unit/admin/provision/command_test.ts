import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { admin } from "../../../../src/admin/command.ts";
import { HOST_SETTINGS } from "../../../../src/admin/provision/host_settings.ts";
import { autoscaler } from "../../../../src/autoscaler/command.ts";
import type { Command } from "../../../../src/cli/command.ts";
import { worker } from "../../../../src/worker/command.ts";
import { MAX_USER_DATA_BYTES } from "../../../../src/provision/user_data.ts";
import { runWords } from "../../cli/captured.ts";

const ROOT = { name: "kas", summary: "", commands: [admin] };

const kas = (args: string[], env = {}) => runWords(ROOT, ["admin", ...args], { env });

for (
  const [args, error] of [
    [[], /needs TARGET…/],
    [["a b"], /"a b"/],
    [["-oProxyCommand=x"], /Unknown option/],
    [["host", "--rolling"], /--rolling .*\bhost\b/],
    [["host", "--rollback", "--remove"], /--rollback .*--remove/],
    [["host", "--remove"], /--yes/],
    [["host", "--certificate", "x"], /--certificate .*--certificate-key/],
    [["host", "--certificate", "/nowhere", "--certificate-key", "/nowhere"], /Cannot read \/nowhere/],
    [["host", "--role", "workr"], /expected worker, autoscaler or both/],
  ] as [string[], RegExp][]
) {
  Deno.test(`provision ${args.join(" ")} is a usage error of one line`, async () => {
    const { status, err } = await kas(["provision", ...args]);
    assertEquals([status, err.trim().split("\n").length], [2, 1]);
    assertMatch(err, error);
  });
}

Deno.test("user-data prints a script that contains the executable's checksum and the settings", async () => {
  const env = { KAS_TOPIC_ARN: "arn:aws:sns:eu-west-1:123456789012:kas", AWS_PROFILE: "mine" };
  const args = [
    "--url",
    "https://example.com/kas",
    "--sha256",
    "A".repeat(64),
    "--role",
    "both",
    "--max",
    "4",
  ];
  const { status, out } = await kas(["user-data", ...args], env);
  assertEquals(status, 0);
  assertStringIncludes(out, `${"a".repeat(64)}  $folder/kas`);
  assertStringIncludes(
    out,
    "--role=both --topic-arn=arn:aws:sns:eu-west-1:123456789012:kas --max=4 --binary",
  );
  assertEquals(out.includes("profile"), false);
});

Deno.test("user-data passes schedules on as they are", async () => {
  const schedules = '[{"name":"day","cron":"0 9 * * *","timezone":"UTC","duration":"8h","min":4}]';
  const args = [
    "--url",
    "https://example.com/kas",
    "--sha256",
    "a".repeat(64),
    "--role",
    "autoscaler",
    "--pull",
  ];
  const { status, out } = await kas(["user-data", ...args], { KAS_SCHEDULES: schedules });
  assertEquals(status, 0);
  assertStringIncludes(out, `'--schedules=${schedules}'`);
});

for (
  const [args, error] of [
    [[], /needs --url/],
    [["--url", "http://example.com/kas"], /expected a URL such as https/],
    [["--url", "https://example.com/kas", "--sha256", "abc"], /expected 64 hexadecimal digits/],
    [["--url", "https://example.com/kas", "--binary", "/nowhere"], /--sha256 .*--binary/],
  ] as [string[], RegExp][]
) {
  Deno.test(`user-data ${args.join(" ")} is a usage error`, async () => {
    const { status, err } = await kas(["user-data", ...args]);
    assertEquals(status, 2);
    assertMatch(err, error);
  });
}

Deno.test("user-data never prints a script that is larger than EC2's limit", async () => {
  const url = `https://example.com/${"k".repeat(MAX_USER_DATA_BYTES)}`;
  const { status, err } = await kas(["user-data", "--url", url, "--sha256", "a".repeat(64)]);
  assertEquals(status, 1);
  assertMatch(err, /17062.*16384/);
});

Deno.test("HOST_SETTINGS contains every setting of the services, except settings of the systemd units and of the operator, and secrets", () => {
  const of = ({ options }: Command) => Object.keys(options ?? {});
  const others = new Set([...of(worker), ...of(autoscaler)].filter((name) => !(name in HOST_SETTINGS)));
  assertEquals(others, new Set(["listen", "state", "profile", "alertUrl", "dryRun"]));
});
