import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { admin } from "../../../../src/admin/command.ts";
import { HOST_SETTINGS, hostFlags, hostSettings } from "../../../../src/admin/provision/host_settings.ts";
import { autoscaler } from "../../../../src/autoscaler/command.ts";
import { type Command, type Context, kebab, type Options } from "../../../../src/cli/command.ts";
import { readFlags, values } from "../../../../src/cli/flags.ts";
import { settingsLookup } from "../../../../src/settings/load.ts";
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
    [["host", "--role", "worker", "--no-nginx"], /--nginx is for the autoscaler/],
    [["host", "--settings", "/nowhere/kas.json"], /Cannot use \/nowhere\/kas.json/],
    [["host", "--settings", "/nowhere/kas.json", "--max", "4"], /set max in \/nowhere\/kas.json/],
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
    [[], /needs --role .*kas:fleet=kas/],
    [["--role", "autoscaler"], /needs --url/],
    [["--url", "http://example.com/kas"], /expected a URL such as https/],
    [["--url", "https://example.com/kas", "--sha256", "abc"], /expected 64 hexadecimal digits/],
    [["--role", "worker", "--url", "https://example.com/kas", "--binary", "/nowhere"], /--sha256 .*--binary/],
    [["--role", "worker", "--url", "https://example.com/kas", "--no-nginx"], /--nginx is for the autoscaler/],
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
  const { status, err } = await kas([
    "user-data",
    "--role",
    "worker",
    "--url",
    url,
    "--sha256",
    "a".repeat(64),
  ]);
  assertEquals(status, 1);
  assertMatch(err, /17062.*16384/);
});

Deno.test("HOST_SETTINGS contains every setting of the services, except settings of the systemd units and of the operator, and secrets", () => {
  const of = ({ options }: Command) => Object.keys(options ?? {});
  const others = new Set([...of(worker), ...of(autoscaler)].filter((name) => !(name in HOST_SETTINGS)));
  assertEquals(others, new Set(["listen", "state", "profile", "alertUrl", "dryRun"]));
});

/** A text for each setting with which its default differs, in the form of the command line. Several texts for an option that repeats. */
const SAMPLES: Readonly<Record<keyof typeof HOST_SETTINGS, string | readonly string[]>> = {
  fleet: "web",
  balancer: "application",
  loadBalancer: "web",
  targetGroup: [
    "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/web/0123456789abcdef",
    "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/api/0123456789abcdef",
  ],
  topicArn: "arn:aws:sns:eu-west-1:123456789012:web",
  region: "eu-west-1",
  endpointUrl: "http://127.0.0.1:4580",
  keyName: "web-key",
  healthCheck: "https:8443/healthz",
  address: "ipv6",
  host: ["kas.example.com", "kas.internal"],
  min: "1",
  max: "4",
  schedules: '[{"name":"day","cron":"0 9 * * *","timezone":"UTC","duration":"8h","min":4}]',
  policies: '[{"type":"alarms"}]',
  metrics: '{"backlog":{"type":"sqs","queue":"orders"}}',
  grow: "web-node:3",
  shrink: "terminate",
  resync: "2.5m",
  pull: "true",
  warmup: "1m",
  cooldownOut: "1s",
  cooldownIn: "90s",
  metricDelay: "1m",
  unhealthyAfter: "5m",
  startTimeout: "1m",
  drainTimeout: "1m",
  quarantineFor: "1h",
  resubscribe: "true",
  trustSigner: "http://127.0.0.1:4580/",
  log: "json",
  threads: "2",
  workMs: "1-2",
  queue: "5",
  drainRequest: "http:8080/drain",
  scrape: "https:9443/metrics?x=1",
  scrapeInterval: "10s",
  drain: "5s",
};

/** The options that provisioning reads, with the sample of each setting. The load balancer excludes target groups. */
function sampled(without: string) {
  const options: Options = HOST_SETTINGS;
  const texts = Object.entries(SAMPLES).filter(([name]) => name !== without)
    .map(([name, text]) => [name, [text].flat()] as const);
  return { options, given: new Map<string, readonly string[]>(texts) };
}

for (const without of ["loadBalancer", "targetGroup"]) {
  Deno.test(`a service reads from the settings file and from the flags of its host what the operator gave, without ${kebab(without)}`, async () => {
    const { options, given } = sampled(without);
    const read = await values(options, given, () => undefined) as unknown as Context<typeof HOST_SETTINGS>;
    const file = JSON.stringify(hostSettings(read));
    const lookup = settingsLookup(() => undefined, (path) => path === "/etc/kas/kas.json" ? file : undefined);
    assertEquals((await values(options, new Map(), lookup)).flags, read.flags);
    const { texts } = readFlags(["kas"], options, hostFlags(read));
    assertEquals((await values(options, texts, () => undefined)).flags, read.flags);
    const isDefault = Object.entries(read.origins).filter(([, origin]) => origin === "default");
    assertEquals(isDefault.map(([name]) => name), [without]);
  });
}
