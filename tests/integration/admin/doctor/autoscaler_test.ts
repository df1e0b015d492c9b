import { assertEquals } from "@std/assert";
import { balancerRef } from "../../../../src/aws/balancing/balancer.ts";
import { deleteTopic, listSubscriptions, subscribe, unsubscribe } from "../../../../src/aws/sns/topic.ts";
import { parseSchedules } from "../../../../src/settings/schedules/schema.ts";
import { eventually } from "../../../support/kas.ts";
import { BASE } from "../../../unit/admin/fleet.ts";
import { assertProblem, problem, remedyOf, run, wired } from "./wired.ts";

/** An address at which no server listens. */
function closedUrl(): string {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return `http://127.0.0.1:${listener.addr.port}/`;
}

Deno.test("doctor reports that no autoscaler answers at the subscribed address", async () => {
  await using w = await wired();
  const url = closedUrl();
  const { rows } = await w.doctor(`--url ${url}`);
  const names = [`${url}ping`, "connection refused"];
  assertProblem(rows, "autoscaler", { names, remedy: /^kas autoscaler --fleet kas --topic-arn arn:/ });
});

Deno.test("doctor waits for the autoscaler as long as --timeout says, also if AWS answers later", async () => {
  await using w = await wired();
  w.fleet.sandbox.faults.set("latency=1100ms");
  const { rows } = await w.doctor(`--url ${w.url} --timeout 1s`);
  assertEquals(rows.filter(({ check }) => check === "autoscaler").map(({ result }) => result), ["ok"]);
});

Deno.test("doctor finds a subscription of an old address, and proposes a command that subscribes the new address", async () => {
  await using w = await wired();
  await w.fleet.rows("topics subscribe http://127.0.0.1:1/");
  const url = `${(await w.start()).url}/`;
  const { rows } = await w.doctor(`--url ${url}`);
  const names = [w.url, url];
  assertProblem(rows, "subscription", { names, remedy: `kas admin setup --url ${url}` });
  assertProblem(rows, "one-autoscaler", { names: [w.url], remedy: /^kas admin topics unsubscribe arn:/ });
  for (const check of ["subscription", "one-autoscaler"]) await run(w, remedyOf(problem(rows, check)));
  assertEquals(await w.problems(`--url ${url}`), []);
});

Deno.test("doctor finds a subscription that is not confirmed", async () => {
  await using w = await wired();
  for (const { arn } of await Array.fromAsync(listSubscriptions(w.aws, w.topicArn))) {
    await unsubscribe(w.aws, arn);
  }
  await subscribe(w.aws, w.topicArn, "http://127.0.0.1:1/");
  const { rows } = await w.doctor();
  const names = ["http://127.0.0.1:1/"];
  assertProblem(rows, "subscription", { names, remedy: `kas admin setup --url ${w.url}` });
});

Deno.test("doctor finds two autoscalers that receive the same messages", async () => {
  await using w = await wired();
  const second = `${(await w.start()).url}/`;
  await w.fleet.rows(`setup --url ${second}`);
  const { rows } = await w.doctor();
  assertProblem(rows, "one-autoscaler", { names: [second], remedy: /^kas admin topics unsubscribe arn:/ });
  await run(w, remedyOf(problem(rows, "one-autoscaler")));
  assertEquals(await w.problems(), []);
});

Deno.test("doctor recognizes that two addresses belong to the same autoscaler", async () => {
  await using w = await wired();
  const byName = w.url.replace("127.0.0.1", "localhost");
  assertEquals(await w.problems(`--url ${byName}`), []);
});

Deno.test("doctor finds that the subscribed autoscaler belongs to a different fleet", async () => {
  await using w = await wired();
  const { url } = await w.start({ fleet: { fleet: "web", balancer: balancerRef({ fleet: "kas" }) } });
  const { rows } = await w.doctor(`--url ${url}`);
  assertProblem(rows, "autoscaler", { names: [url, "web"], remedy: /^kas autoscaler --fleet kas / });
});

for (
  const { name, check, result, more, names, flags } of [
    {
      name: "a minimum above the maximum",
      check: "bounds",
      more: { limits: { max: 0 } },
      names: ["min 1", "max 0"],
      flags: "--max 2",
    },
    {
      name: "a minimum above the number of instances",
      check: "bounds",
      more: { limits: { min: 5 } },
      names: ["5", "2 instances"],
      flags: "--min 1",
    },
    {
      name: "more instances than the maximum with --grow",
      check: "bounds",
      result: "warning",
      more: { limits: { max: 1, grow: "ours" } },
      names: ["max 1", "2"],
      flags: "--max 2",
    },
    {
      name: "a drain timeout shorter than that of the load balancer",
      check: "drain-timeout",
      more: { drainTimeout: 10_000 },
      names: ["285 s", "10 s"],
      flags: "--drain-timeout 300s",
    },
    {
      name: "an autoscaler with a different load balancer",
      check: "balancer",
      more: { fleet: { fleet: "kas", balancer: balancerRef({ fleet: "old" }) } },
      names: ["old"],
      flags: "--load-balancer kas",
    },
    {
      name: "an autoscaler with a different topic",
      check: "topic",
      more: { topicArn: "arn:aws:sns:eu-west-1:000000000000:old" },
      names: ["arn:aws:sns:eu-west-1:000000000000:old", "arn:aws:sns:eu-west-1:000000000000:kas"],
      flags: "--topic-arn arn:aws:sns:eu-west-1:000000000000:kas",
    },
  ]
) {
  Deno.test(`doctor finds ${name} in the autoscaler's /status`, async () => {
    await using w = await wired();
    const limits = {
      warmup: 0,
      cooldownOut: 0,
      cooldownIn: 0,
      resync: 3_600_000,
      ..."limits" in more ? more.limits : {},
    };
    const { url } = await w.start({ ...more, limits });
    const { rows } = await w.doctor(`--url ${url}`);
    assertProblem(rows, check, { result: result ?? "failed", names, remedy: `kas autoscaler ${flags}` });
  });
}

Deno.test("doctor finds a schedule in the autoscaler's /status whose minimum is above the number of instances", async () => {
  await using w = await wired();
  const schedule = { name: "day", cron: "0 9 * * *", timezone: "UTC", duration: "8h", min: 9 };
  const { url } = await w.start({ schedules: parseSchedules(JSON.stringify([schedule])) });
  const { rows } = await w.doctor(`--url ${url}`);
  assertProblem(rows, "bounds", { names: ["day", "9", "2 instances"], remedy: /schedule day/ });
});

Deno.test("doctor reports that the autoscaler cannot read the state of the fleet", async () => {
  await using w = await wired();
  w.fleet.sandbox.faults.set("deny=ec2:DescribeInstances");
  const { url } = await w.start();
  await eventually(
    async () => await (await fetch(`${url}/status`)).json(),
    ({ observation }) => typeof observation?.error === "string",
  );
  w.fleet.sandbox.faults.clear();
  const { rows } = await w.doctor(`--url ${url}`);
  assertProblem(rows, "reconcile", { remedy: "kas admin iam-policy autoscaler" });
});

Deno.test("doctor reports that the autoscaler does not find its load balancer, and how the autoscaler finds it", async () => {
  await using w = await wired();
  const { url } = await w.start({ fleet: { fleet: "kas", balancer: { kind: "classic", name: "nosuch" } } });
  await eventually(
    async () => await (await fetch(`${url}/status`)).json(),
    ({ observation }) => typeof observation?.error === "string",
  );
  const { rows } = await w.doctor(`--url ${url}`);
  assertProblem(rows, "reconcile", { names: ["nosuch"], remedy: /KAS_TARGET_GROUP/ });
});

Deno.test("doctor finds workers that have a different version than the autoscaler", async () => {
  await using w = await wired();
  w.fleet.machines.versions.set(BASE, "0.0.9");
  const { rows } = await w.doctor();
  const names = [BASE, "0.0.9"];
  assertProblem(rows, "versions", { result: "warning", names, remedy: `kas admin provision ${BASE}` });
});

Deno.test("doctor --pull checks neither the topic nor the actions of alarms", async () => {
  await using w = await wired();
  await deleteTopic(w.aws, w.topicArn);
  await w.fleet.rows("setup --pull");
  const { url } = await w.start({ topicArn: undefined });
  assertEquals(await w.problems(`--pull --url ${url}`), []);
});

Deno.test("doctor warns of a pause that an operator asked for", async () => {
  await using w = await wired();
  const body = JSON.stringify({ directions: ["in"], reason: "load test" });
  const request = new Request("http://localhost/pause", { method: "POST", body });
  const service = await w.start();
  assertEquals((await service.operate(request)).status, 200);
  const { rows } = await w.doctor(`--url ${service.url}/`);
  assertProblem(rows, "paused", {
    result: "warning",
    names: ["scaling in", "load test"],
    remedy: "kas admin resume in",
  });
});

Deno.test("doctor warns of an operator's capacity with a time, but not of one that ends when the fleet has it", async () => {
  await using w = await wired();
  const service = await w.start({ dryRun: false });
  const ask = async (body: object) => {
    const request = new Request("http://localhost/scale", { method: "POST", body: JSON.stringify(body) });
    assertEquals((await service.operate(request)).status, 200);
  };
  const until = Date.now() + 7_200_000;
  await ask({ direction: "to", capacity: 1, until, dryRun: false });
  const { rows } = await w.doctor(`--url ${service.url}/`);
  assertProblem(rows, "override", {
    result: "warning",
    names: ["capacity of 1", new Date(until).toISOString()],
    remedy: "kas admin scale auto",
  });
  await ask({ direction: "to", capacity: 1, dryRun: false });
  const again = await w.doctor(`--url ${service.url}/`);
  assertEquals(again.rows.filter(({ check }) => check === "override").map(({ result }) => result), ["ok"]);
});

Deno.test("doctor reports the alerts of the autoscaler", async () => {
  await using w = await wired();
  const limits = { warmup: 0, cooldownOut: 0, cooldownIn: 0, resync: 100, min: 2 };
  const { url, operate } = await w.start({ limits });
  const body = JSON.stringify({ directions: ["out"], reason: "an upgrade" });
  await operate(new Request("http://localhost/pause", { method: "POST", body }));
  await eventually(
    async () => await (await fetch(`${url}/status`)).json(),
    ({ alerts }) => alerts.length > 0,
  );
  const { rows } = await w.doctor(`--url ${url}/`);
  assertProblem(rows, "alerts", {
    names: ["below-min", "paused", "an upgrade"],
    remedy: "kas admin activities",
  });
});
