import { assertEquals, assertMatch } from "@std/assert";
import { eventually } from "../../support/kas.ts";
import { stage } from "../../unit/autoscaler/fixtures.ts";
import { startProcess } from "../../unit/autoscaler/process.ts";

/** Returns the present settings from `/status`. */
async function inForce(url: string): Promise<Record<string, unknown>> {
  return (await (await fetch(`${url}/status`)).json()).settings;
}

Deno.test("kas autoscaler reads its settings again at SIGHUP, and logs the changed settings that need a restart", async () => {
  await using it = await stage();
  const config = `${it.options.state}/kas.json`;
  await Deno.writeTextFile(config, `{ "max": 4, "drain-timeout": "100s" }`);
  await using autoscaler = await startProcess(it, { args: ["--config", config] });
  assertEquals((await inForce(autoscaler.url))["max"], 4);

  await Deno.writeTextFile(
    config,
    `{ "max": 7, "drain-timeout": "100s", "warmup": "9s", "resubscribe": true }`,
  );
  autoscaler.kill("SIGHUP");
  const [line] = await autoscaler.line(/settings reloaded.*/);
  // --warmup is a flag of this process, and flags override the file.
  assertMatch(line, /changed=\["max"\] needsRestart=\["resubscribe"\]/);
  const { max, drainTimeout, warmup, resubscribe } = await inForce(autoscaler.url);
  assertEquals({ max, drainTimeout, warmup, resubscribe }, {
    max: 7,
    drainTimeout: 100_000,
    warmup: 0,
    resubscribe: false,
  });
});

Deno.test("kas autoscaler reads its schedules again at SIGHUP, keeps them if the new ones are invalid, and logs which ones overlap", async () => {
  await using it = await stage();
  const config = `${it.options.state}/kas.json`;
  const write = (schedules: readonly object[]) => Deno.writeTextFile(config, JSON.stringify({ schedules }));
  const always = { name: "always", cron: "* * * * *", timezone: "UTC", duration: "1h", min: 1 };
  await Deno.writeTextFile(config, "{}");
  await using autoscaler = await startProcess(it, { args: ["--config", config] });
  assertEquals((await inForce(autoscaler.url))["schedules"], undefined);

  await write([always]);
  autoscaler.kill("SIGHUP");
  assertMatch((await autoscaler.line(/settings reloaded.*/))[0], /changed=\["schedules"\]/);
  assertEquals((await inForce(autoscaler.url))["schedules"], "always");

  await write([always, { ...always, name: "never", cron: "0 0 30 2 *" }]);
  autoscaler.kill("SIGHUP");
  assertMatch((await autoscaler.line(/settings not reloaded.*/))[0], /schedules\[1\]\.cron: /);
  assertEquals((await inForce(autoscaler.url))["schedules"], "always");

  const day = { ...always, cron: "0 0 * * *", duration: "24h" };
  await write([{ ...day, min: 3 }, { ...day, name: "closed", min: undefined, max: 2 }]);
  autoscaler.kill("SIGHUP");
  const [overlap] = await autoscaler.line(/schedules overlap.*/);
  assertMatch(overlap, /always and closed.* from=\S+ min=3 max=2/);
});

Deno.test("kas autoscaler keeps its settings at SIGHUP if the new settings are invalid", async () => {
  await using it = await stage();
  const config = `${it.options.state}/kas.json`;
  await Deno.writeTextFile(config, `{ "min": 1, "max": 4 }`);
  await using autoscaler = await startProcess(it, { args: ["--config", config] });
  assertEquals((await inForce(autoscaler.url))["max"], 4);
  for (
    const [content, reason] of [
      [`{ "max": `, "Cannot read config file"],
      [`{ "min": 5, "max": 4 }`, "--min 5 is greater than --max 4"],
      [`{ "max": "many" }`, "max: "],
    ] as const
  ) {
    await Deno.writeTextFile(config, content);
    autoscaler.kill("SIGHUP");
    await eventually(
      () => autoscaler.lines,
      (lines) => lines.some((line) => /settings not reloaded/.test(line) && line.includes(reason)),
    );
    const { min, max } = await inForce(autoscaler.url);
    assertEquals({ min, max }, { min: 1, max: 4 });
  }
});

Deno.test("kas autoscaler reads its policies and metrics again at SIGHUP, and keeps them if a formula uses an unknown metric", async () => {
  await using it = await stage();
  const config = `${it.options.state}/kas.json`;
  const write = (capacity: string) =>
    Deno.writeTextFile(
      config,
      JSON.stringify({
        policies: [{ type: "formula", capacity }],
        metrics: {
          backlog: { type: "json", url: "http://127.0.0.1:9/stats?token=s3cr3t", field: "waiting" },
        },
      }),
    );
  await Deno.writeTextFile(config, "{}");
  await using autoscaler = await startProcess(it, { args: ["--config", config] });

  await write("ceil(backlog / 10)");
  autoscaler.kill("SIGHUP");
  assertMatch((await autoscaler.line(/settings reloaded.*/))[0], /changed=\["policies","metrics"\]/);
  const { policies, metrics } = await inForce(autoscaler.url);
  assertEquals([policies, metrics], ["formula", "backlog"]);

  await write("ceil(backlg / 10)");
  autoscaler.kill("SIGHUP");
  assertMatch(
    (await autoscaler.line(/settings not reloaded.*/))[0],
    /policies\[0\]\.capacity: unknown metric backlg; did you mean backlog\?/,
  );
  assertEquals((await inForce(autoscaler.url))["policies"], "formula");
  assertEquals(autoscaler.lines.some((line) => line.includes("s3cr3t")), false);
});
