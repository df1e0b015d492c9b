import { assert, assertEquals, assertMatch, assertStringIncludes, assertThrows } from "@std/assert";
import { command, type Group, type Origin } from "../../../src/cli/command.ts";
import { duration, integer, positive, range, url } from "../../../src/cli/parsers.ts";
import { configFiles } from "../../../src/settings/load.ts";
import { SETTINGS } from "../../../src/settings/settings.ts";
import { runWords, type Surroundings } from "../cli/captured.ts";

/** Runs a command that has all settings as options. Returns the value, origin and text of one setting. */
async function effective(name: keyof typeof SETTINGS, words: string[], surroundings: Surroundings) {
  let found: [unknown, Origin | undefined, string | undefined] | undefined;
  const root: Group = {
    name: "kas",
    summary: "Test tree",
    commands: [command({
      name: "try",
      summary: "Try",
      options: SETTINGS,
      run: ({ flags, origins, texts }) => {
        found = [flags[name], origins[name], texts[name]];
      },
    })],
  };
  const { status, err } = await runWords(root, ["try", ...words], surroundings);
  return found ?? [status, err];
}

Deno.test("the value of a setting comes from the flag, otherwise the environment, the config file, or the default", async () => {
  const files = {
    "/etc/kas/kas.json": '{"cooldown-in": "3s", "fleet": "etc"}',
    "/h/.config/kas/kas.json": '{"fleet": "home"}',
  };
  const env = { HOME: "/h", KAS_COOLDOWN_IN: "2s" };
  assertEquals(await effective("cooldownIn", ["--cooldown-in", "1s"], { env, files }), [1_000, "flag", "1s"]);
  assertEquals(await effective("cooldownIn", [], { env, files }), [2_000, "KAS_COOLDOWN_IN", "2s"]);
  assertEquals(await effective("cooldownIn", [], { files }), [3_000, "/etc/kas/kas.json", "3s"]);
  assertEquals(await effective("cooldownIn", [], {}), [60_000, "default", "60s"]);
  assertEquals(await effective("fleet", [], { env, files }), ["home", "/h/.config/kas/kas.json", "home"]);
  assertEquals(await effective("topicArn", [], {}), [undefined, "default", undefined]);
});

Deno.test("if --config or KAS_CONFIG names a config file, kas reads no other config file", async () => {
  const files = {
    "/etc/kas/kas.json": '{"fleet": "etc"}',
    "/a": '{"fleet": "a"}',
    "/b": '{"max": 4, "yes": true}',
  };
  assertEquals(await effective("fleet", ["--config", "/a"], { files }), ["a", "/a", "a"]);
  assertEquals(await effective("fleet", [], { files, env: { KAS_CONFIG: "/a" } }), ["a", "/a", "a"]);
  assertEquals(await effective("fleet", ["--config", "/b"], { files }), ["kas", "default", "kas"]);
  assertEquals(await effective("max", ["--config", "/b"], { files }), [4, "/b", "4"]);
  assertEquals(await effective("yes", ["--config", "/b"], { files }), [true, "/b", "true"]);
});

Deno.test("the environment variable of a setting is KAS_ and the flag's name, then AWS's own variable; kas ignores empty variables", async () => {
  assertEquals(await effective("region", [], { env: { AWS_DEFAULT_REGION: "b", AWS_REGION: "a" } }), [
    "a",
    "AWS_REGION",
    "a",
  ]);
  assertEquals(await effective("region", [], { env: { AWS_REGION: "a", KAS_REGION: "k" } }), [
    "k",
    "KAS_REGION",
    "k",
  ]);
  assertEquals(await effective("region", [], { env: { AWS_REGION: "", AWS_DEFAULT_REGION: "b" } }), [
    "b",
    "AWS_DEFAULT_REGION",
    "b",
  ]);
  for (const [name, { env }] of Object.entries(SETTINGS)) {
    assertEquals(env[0], `KAS_${name.replace(/[A-Z]/g, "_$&").toUpperCase()}`);
  }
});

Deno.test("the error for an invalid value is one line that names the source of the value", async () => {
  const [status, line] = await effective("max", [], { env: { KAS_MAX: "many" } });
  assertEquals(status, 2);
  assertMatch(String(line), /^kas: [^\n]*"many"[^\n]*KAS_MAX[^\n]*from 0 to 100000\n$/);
});

Deno.test("of two settings that exclude each other, kas uses the one with higher precedence; equal precedence is an error", async () => {
  const arn = "arn:aws:elasticloadbalancing:eu-west-1:000000000000:targetgroup/kas/0123456789abcdef";
  const env = { KAS_LOAD_BALANCER: "kas" };
  const files = { "/etc/kas/kas.json": `{"target-group": "${arn}"}` };
  const flag = ["--target-group", arn];
  assertEquals(await effective("targetGroup", flag, { env }), [[arn], "flag", arn]);
  assertEquals(await effective("loadBalancer", flag, { env }), [undefined, "default", undefined]);
  assertEquals(await effective("targetGroup", [], { env, files }), [[], "default", undefined]);
  assertEquals(await effective("loadBalancer", [], { env, files }), ["kas", "KAS_LOAD_BALANCER", "kas"]);
  const [status, line] = await effective("targetGroup", [], { env: { ...env, KAS_TARGET_GROUP: arn } });
  assertEquals(status, 2);
  assertMatch(String(line), /^kas: [^\n]*KAS_LOAD_BALANCER[^\n]*KAS_TARGET_GROUP[^\n]*\n$/);
});

Deno.test("an option of a command that is no setting is not read from the config file, even if it has the name of a setting", async () => {
  let found: string | undefined = "";
  const state = { placeholder: "STATE", help: "a state", parse: (text: string) => text };
  const root: Group = {
    name: "kas",
    summary: "Test tree",
    commands: [command({
      name: "try",
      summary: "Try",
      options: { state },
      run: ({ flags }) => void (found = flags.state),
    })],
  };
  await runWords(root, ["try"], { files: { "/etc/kas/kas.json": '{"state": "/var/lib/other"}' } });
  assertEquals(found, undefined);
});

Deno.test("the settings of a fleet in the config file replace the settings outside of it", async () => {
  const files = {
    "/x.json": '{"$schema": "s", "max": 4, "host": "a,b", "fleets": [{"fleet": "web", "max": 5}]}',
  };
  const words = ["--config", "/x.json"];
  assertEquals(await effective("max", words, { files }), [5, "/x.json", "5"]);
  assertEquals(await effective("fleet", words, { files }), ["web", "/x.json", "web"]);
  assertEquals(await effective("host", words, { files }), [["a", "b"], "/x.json", "a,b"]);
});

Deno.test("if the config file has several fleets, --fleet or KAS_FLEET chooses the fleet whose settings apply", async () => {
  const files = {
    "/x.json":
      '{"max": 4, "state": "/s", "fleets": [{"fleet": "web", "max": 5, "load-balancer": "lb"}, {"fleet": "jobs"}]}',
  };
  const words = ["--config", "/x.json"];
  const env = { KAS_FLEET: "web" };
  assertEquals(await effective("max", [...words, "--fleet", "web"], { files }), [5, "/x.json", "5"]);
  assertEquals(await effective("max", [...words, "--fleet", "jobs"], { files }), [4, "/x.json", "4"]);
  assertEquals(await effective("max", [...words, "--fleet", "other"], { files }), [4, "/x.json", "4"]);
  assertEquals(await effective("max", words, { files, env }), [5, "/x.json", "5"]);
  assertEquals(await effective("loadBalancer", words, { files, env }), ["lb", "/x.json", "lb"]);
  assertEquals(
    (await effective("loadBalancer", [...words, "--fleet", "jobs"], { files, env }))[0],
    undefined,
  );
  assertEquals((await effective("max", [...words, "--max", "6"], { files, env }))[0], 6);
  const [status, line] = await effective("max", words, { files });
  assertEquals(status, 2);
  assertMatch(String(line), /^kas: [^\n]*\/x\.json[^\n]*web, jobs[^\n]*--fleet[^\n]*\n$/);
});

Deno.test("the value of one of several fleets has precedence over AWS's own variables, but not over those of kas", async () => {
  const files = {
    "/x.json": '{"region": "shared-1", "fleets": [{"fleet": "a", "region": "own-1"}, {"fleet": "b"}]}',
  };
  const region = (fleet: string, env: Record<string, string>) =>
    effective("region", ["--config", "/x.json", "--fleet", fleet], { files, env }).then(([value]) => value);
  assertEquals(await region("a", { AWS_REGION: "env-1" }), "own-1");
  assertEquals(await region("a", { AWS_REGION: "env-1", KAS_REGION: "kas-1" }), "kas-1");
  assertEquals(await region("b", { AWS_REGION: "env-1" }), "env-1");
  assertEquals(await region("b", {}), "shared-1");
});

Deno.test("a command without --fleet uses the settings that the fleets of a config file share", async () => {
  let found: string | undefined = "";
  const root: Group = {
    name: "kas",
    summary: "Test tree",
    commands: [command({
      name: "try",
      summary: "Try",
      options: { state: SETTINGS.state, max: SETTINGS.max },
      run: ({ flags }) => void (found = `${flags.state} ${flags.max}`),
    })],
  };
  const files = {
    "/etc/kas/kas.json": '{"state": "/s", "fleets": [{"fleet": "a", "max": 1}, {"fleet": "b"}]}',
  };
  await runWords(root, ["try"], { files });
  assertEquals(found, "/s undefined");
});

Deno.test("two fleets may have the same key pair in different regions", async () => {
  const files = {
    "/x.json":
      '{"fleets": [{"fleet": "a", "key-name": "k", "region": "x-1"}, {"fleet": "b", "key-name": "k", "region": "x-2"}]}',
  };
  assertEquals((await effective("region", ["--config", "/x.json", "--fleet", "b"], { files }))[0], "x-2");
});

Deno.test("two fleets may not have the same key pair if one names no region, which may be that of the other", async () => {
  const files = {
    "/x.json":
      '{"fleets": [{"fleet": "a", "key-name": "k", "region": "x-1"}, {"fleet": "b", "key-name": "k"}]}',
  };
  assertEquals((await effective("max", ["--config", "/x.json", "--fleet", "b"], { files }))[0], 2);
});

Deno.test("the policies are an array in the config file, the same array as text elsewhere, and absent by default", async () => {
  assertEquals((await effective("policies", [], {}))[0], undefined);
  for (const [json, policies] of [['[{"type": "alarms"}]', [{ type: "alarms" }]], ["[]", []]] as const) {
    const files = { "/x.json": `{"policies": ${json}}` };
    assertEquals((await effective("policies", ["--config", "/x.json"], { files }))[0], policies);
    assertEquals((await effective("policies", [`--policies=${json}`], {}))[0], policies);
  }
  const all = [
    { type: "target", metric: "cpu", target: 60 },
    { type: "adaptive", metric: "cpu", maxSpare: 10 },
    { type: "formula", capacity: "ceil(backlog / 10)" },
  ];
  assertEquals((await effective("policies", [`--policies=${JSON.stringify(all)}`], {}))[0], [
    { ...all[0], stabilization: 300_000 },
    { ...all[1], utilization: 80, risk: 0.015 },
    all[2],
  ]);
  assertEquals((await effective("policies", ["--policies", "alarms"], {}))[0], [{ type: "alarms" }]);
  assertEquals((await effective("policies", [], { env: { KAS_POLICIES: "adaptive" } }))[0], [
    { type: "adaptive", metric: "cpu", utilization: 80, risk: 0.015 },
  ]);
  assertStringIncludes(
    String((await effective("policies", ["--policies", "adaptve"], {}))[1]),
    "expected alarms, adaptive or a JSON array",
  );
  const [status, line] = await effective("policies", ['--policies=["alarms"]'], {});
  assertEquals(status, 2);
  assertStringIncludes(String(line), "policies[0]: ");
});

Deno.test("the error for an invalid config file is one line with the path of the file", async () => {
  // The content of the config file, and the text that the error must contain.
  const cases: [string | undefined, string][] = [
    [undefined, "does not exist"],
    ["{", "JSON"],
    ["[]", "expected an object"],
    ['{"flet": "kas"}', "flet: "],
    ['{"fleet": ["kas"]}', "fleet: "],
    ['{"fleets": []}', "fleets: "],
    ['{"fleets": [{}, {}]}', "fleets[0].fleet: "],
    ['{"fleets": [{"fleet": "web"}, {"fleet": "jobs"}, {"fleet": "web"}]}', "fleets[2].fleet: "],
    ['{"fleets": [{"fleet": "web"}, {"fleet": "jobs", "listen": "0.0.0.0:1"}]}', "fleets[1].listen: "],
    ['{"load-balancer": "x", "fleets": [{"fleet": "web"}, {"fleet": "jobs"}]}', "load-balancer: "],
    [
      '{"fleets": [{"fleet": "a", "key-name": "k"}, {"fleet": "b", "key-name": "k"}]}',
      "fleets[1].key-name: ",
    ],
    ['{"fleets": [{"fleet": "web"}, {"fleet": "jobs", "min": -1}]}', "fleets[1].min: "],
    ['{"fleets": [{"max": "many"}]}', "fleets[0].max: "],
    ['{"fleets": [{"flet": "kas"}]}', "fleets[0].flet: "],
    ['{"policies": "alarms"}', "policies: "],
    ['{"policies": ["alarms"]}', "policies[0]: "],
    ['{"policies": [{"type": "alarm"}]}', "policies[0].type: "],
    ['{"policies": [{"type": "alarms", "metric": "cpu"}]}', "policies[0].metric: "],
    ['{"policies": [{"type": "alarms"}, {"type": "alarms"}]}', "policies[1].type: "],
    [
      '{"policies": [{"type": "target", "metric": "memory", "target": 60}]}',
      'policies[0].metric: expected "cpu"',
    ],
    [
      '{"policies": [{"type": "target", "metric": "cpu", "target": 0}]}',
      "policies[0].target: expected a number from 1",
    ],
    [
      '{"policies": [{"type": "target", "metric": "cpu", "target": 60, "stabilization": "2h"}]}',
      "policies[0].stabilization: expected at most 60m",
    ],
    [
      '{"policies": [{"type": "adaptive", "metric": "cpu", "risk": 1.5}]}',
      "policies[0].risk: expected a number from 0.001",
    ],
    ['{"policies": [{"type": "adaptive", "metric": "cpu", "maxSpare": -1}]}', "policies[0].maxSpare: "],
    ['{"policies": [{"type": "formula"}]}', "policies[0].capacity: expected either capacity"],
    [
      '{"policies": [{"type": "formula", "capacity": "1", "atMost": "2"}]}',
      "policies[0].capacity: expected either",
    ],
    [
      '{"policies": [{"type": "formula", "capacity": "ceil(1"}]}',
      'policies[0].capacity: "ceil(1" is not a formula',
    ],
    ['{"policies": [{"type": "formula", "atMost": "jobs / 2"}]}', "policies[0].atMost: unknown metric jobs"],
    [
      '{"metrics": {"jobs": {"type": "sqs", "queue": "q"}}, "fleets": [{"fleet": "a"}, {"fleet": "b", ' +
      '"policies": [{"type": "formula", "capacity": "jobs + backlog"}]}]}',
      "fleets[1].policies[0].capacity: unknown metric backlog",
    ],
    ['{"metrics": {"jobs": {"type": "sqs"}}}', "metrics.jobs.queue: "],
  ];
  for (const [content, named] of cases) {
    const files = content === undefined ? {} : { "/x.json": content };
    const [status, line] = await effective("fleet", ["--config", "/x.json"], { files });
    assertEquals(status, 2);
    assertMatch(String(line), /^kas: [^\n]*\/x\.json[^\n]*\n$/);
    assertStringIncludes(String(line), named);
  }
});

Deno.test("no error contains the text of a secret setting", async () => {
  const secret = "hooks.example.com/s3cr3t";
  const cases: [string[], Surroundings][] = [
    [["--alert-url", secret], {}],
    [[], { env: { KAS_ALERT_URL: secret } }],
    [["--config", "/x.json"], { files: { "/x.json": `{"alert-url": "${secret}"}` } }],
    [["--config", "/x.json"], { files: { "/x.json": `{"alert-url": ["${secret}"]}` } }],
    [["--config", "/x.json"], { files: { "/x.json": `{"alert-url": ${secret}}` } }],
  ];
  for (const [words, surroundings] of cases) {
    const [status, line] = await effective("alertUrl", words, surroundings);
    assertEquals(status, 2);
    assert(!/hooks|s3cr3t/.test(String(line)), String(line));
  }
});

Deno.test("the config files are the file of the host and the file of the user", () => {
  assertEquals(configFiles((name) => (name === "HOME" ? "/h" : undefined)), [
    "/etc/kas/kas.json",
    "/h/.config/kas/kas.json",
  ]);
  assertEquals(configFiles(() => undefined), ["/etc/kas/kas.json"]);
});

Deno.test("the parsers of settings accept valid text and reject invalid text", () => {
  const cases: [(text: string) => unknown, string, unknown][] = [
    [duration, "300ms", 300],
    [duration, "2.5s", 2_500],
    [duration, "5m", 300_000],
    [duration, "1h", 3_600_000],
    [duration, "7", 7_000],
    [range, "450-550", [450, 550]],
    [range, "500", [500, 500]],
    [positive, "1.5", 1.5],
    [integer(1, 3), "3", 3],
    [url, "http://127.0.0.1:1", "http://127.0.0.1:1"],
  ];
  for (const [parse, text, value] of cases) assertEquals(parse(text), value);
  const refused: [(text: string) => unknown, string[]][] = [
    [duration, ["", "5x", "-1s", "1s2s"]],
    [range, ["550-450", "", "a-b"]],
    [positive, ["0", "-1", "x", ""]],
    [integer(1, 3), ["0", "4", "1.5", "", "1e0"]],
    [url, ["x", "file:///x", ""]],
    [SETTINGS.fleet.parse, ["", "a:b", "-a", "a b"]],
    [SETTINGS.topicArn.parse, ["kas", "arn:aws:sqs:eu-west-1:123456789012:kas"]],
    [SETTINGS.dryRun.parse, ["maybe", ""]],
  ];
  for (const [parse, texts] of refused) {
    for (const text of texts) assertThrows(() => parse(text), TypeError, "expected");
  }
});
