import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { fleetOptions, readFleets } from "../../../../src/autoscaler/flags/fleets.ts";
import { reloaded } from "../../../../src/autoscaler/flags/reload.ts";
import { UsageError } from "../../../../src/cli/command.ts";
import { settingsLookup } from "../../../../src/settings/load.ts";

const TOPIC = "arn:aws:sns:eu-west-1:123456789012:kas";

/** Reads the fleets as the autoscaler does, with flags and a config file. */
function read(
  config: object,
  flags: Readonly<Record<string, string>> = {},
  env: Record<string, string> = {},
) {
  const lookup = settingsLookup((name) => env[name], () => JSON.stringify(config));
  const origins = Object.fromEntries(Object.keys(flags).map((name) => [name, "flag"]));
  return readFleets(
    { texts: { ...flags, config: "/x.json" }, origins: { ...origins, config: "flag" } },
    lookup,
  );
}

const TWO = {
  "topic-arn": TOPIC,
  warmup: "9s",
  fleets: [{ fleet: "web", max: 4 }, { fleet: "jobs", pull: true }],
};

Deno.test("the autoscaler scales all fleets of the config file, each with its own settings and the shared ones", async () => {
  const options = fleetOptions(await read(TWO));
  assertEquals(
    options.map(({ fleet, topicArn, limits }) => [fleet.fleet, topicArn, limits.max, limits.warmup]),
    [
      ["web", TOPIC, 4, 9_000],
      ["jobs", undefined, undefined, 9_000],
    ],
  );
});

Deno.test("a flag or a variable sets the value of every fleet", async () => {
  const fleets = await read(TWO, { max: "7" }, { KAS_RESYNC: "30s" });
  assertEquals(fleets.map(({ max, resync }) => [max, resync]), [[7, 30_000], [7, 30_000]]);
});

Deno.test("--fleet or KAS_FLEET chooses one fleet", async () => {
  assertEquals((await read(TWO, { fleet: "jobs" })).map(({ fleet, max }) => [fleet, max]), [[
    "jobs",
    undefined,
  ]]);
  assertEquals((await read(TWO, {}, { KAS_FLEET: "web" })).map(({ fleet, max }) => [fleet, max]), [[
    "web",
    4,
  ]]);
});

Deno.test("without several fleets, the autoscaler scales the fleet of the settings, by default kas", async () => {
  assertEquals((await read({})).map(({ fleet }) => fleet), ["kas"]);
  assertEquals((await read({ fleets: [{ fleet: "web" }] })).map(({ fleet }) => fleet), ["web"]);
});

Deno.test("a flag or a variable that only one fleet can have is a usage error", async () => {
  await assertRejects(() => read(TWO, { loadBalancer: "lb" }), UsageError, "web, jobs");
  await assertRejects(() => read(TWO, {}, { KAS_KEY_NAME: "key" }), UsageError, "web, jobs");
});

Deno.test("the error for settings that contradict each other names the fleet", async () => {
  const fleets = await read({ ...TWO, fleets: [...TWO.fleets, { fleet: "more", min: 3, max: 2 }] });
  assertThrows(() => fleetOptions(fleets), UsageError, "Fleet more: ");
});

Deno.test("a reload reports what it changed for each fleet, and that a new fleet needs a restart", async () => {
  const before = await read(TWO);
  const after = await read({
    ...TWO,
    fleets: [{ fleet: "web", max: 5 }, { fleet: "jobs", pull: true, resubscribe: true }, { fleet: "more" }],
  });
  assertEquals(reloaded(before, before, after), [
    { fleet: "web", changed: ["max"], needsRestart: [] },
    { fleet: "jobs", changed: [], needsRestart: ["resubscribe"] },
    { changed: [], needsRestart: ["fleets"] },
  ]);
});
