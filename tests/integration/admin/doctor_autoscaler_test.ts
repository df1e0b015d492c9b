import { assertEquals, assertMatch } from "@std/assert";
import { balancerRef } from "../../../src/aws/balancing/balancer.ts";
import { deleteTopic, listSubscriptions, subscribe, unsubscribe } from "../../../src/aws/sns/topic.ts";
import { eventually } from "../../support/kas.ts";
import { BASE } from "../../unit/admin/fleet.ts";
import { mendOf, problem, run, wired } from "./wired.ts";

/** An address where nobody listens. */
function nobody(): string {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return `http://127.0.0.1:${listener.addr.port}/`;
}

Deno.test("doctor finds that nobody answers at the autoscaler's address", async () => {
  await using w = await wired();
  const { rows } = await w.doctor(`--url ${nobody()}`);
  assertMatch(
    problem(rows, "autoscaler").detail,
    /nobody answers at http:\/\/127\.0\.0\.1:\d+\/ping: connection refused; try: kas autoscaler/,
  );
});

Deno.test("doctor finds a subscription of an old address, and leads to the new one", async () => {
  await using w = await wired();
  await w.fleet.rows("topics subscribe http://127.0.0.1:1/");
  const moved = `--url ${(await w.start()).url}/`;
  const { rows } = await w.doctor(moved);
  const row = problem(rows, "subscription");
  assertMatch(
    row.detail,
    /messages go to http:\/\/127\.0\.0\.1:\d+\/, not to http:\/\/127\.0\.0\.1:\d+\/; try: kas admin setup --url/,
  );
  assertMatch(problem(rows, "one-autoscaler").detail, /a second autoscaler of fleet kas/);
  for (const it of [row, problem(rows, "one-autoscaler")]) await run(w, mendOf(it));
  assertEquals(await w.problems(moved), []);
});

Deno.test("doctor finds a subscription that has not confirmed", async () => {
  await using w = await wired();
  for (const { arn } of await Array.fromAsync(listSubscriptions(w.aws, w.topicArn))) {
    await unsubscribe(w.aws, arn);
  }
  await subscribe(w.aws, w.topicArn, "http://127.0.0.1:1/");
  assertMatch(
    problem((await w.doctor()).rows, "subscription").detail,
    /http:\/\/127\.0\.0\.1:1\/ has not confirmed; try: kas admin setup --url/,
  );
});

Deno.test("doctor finds two autoscalers that take the same messages", async () => {
  await using w = await wired();
  const second = `${(await w.start()).url}/`;
  await w.fleet.rows(`setup --url ${second}`);
  const row = problem((await w.doctor()).rows, "one-autoscaler");
  assertMatch(
    row.detail,
    new RegExp(`a second autoscaler of fleet kas takes the same messages at ${second}`),
  );
  await run(w, mendOf(row));
  assertEquals(await w.problems(), []);
});

Deno.test("one autoscaler by two addresses is one", async () => {
  await using w = await wired();
  const byName = w.url.replace("127.0.0.1", "localhost");
  assertEquals(await w.problems(`--url ${byName}`), []);
});

Deno.test("doctor finds an autoscaler of another fleet", async () => {
  await using w = await wired();
  const { url } = await w.start({ fleet: { fleet: "web", balancer: balancerRef({ fleet: "kas" }) } });
  assertMatch(
    problem((await w.doctor(`--url ${url}`)).rows, "autoscaler").detail,
    /is fleet web's; try: kas autoscaler/,
  );
});

for (
  const [what, check, more, says, flags] of [
    [
      "a minimum above the maximum",
      "bounds",
      { limits: { max: 0 } },
      /min 1 .* and max 0: nothing can be/,
      "--max 2",
    ],
    [
      "a minimum above the whole fleet",
      "bounds",
      { limits: { min: 5 } },
      /min 5 can't be kept with 2/,
      "--min 1",
    ],
    [
      "a maximum that the fleet is beyond where it is to grow",
      "bounds",
      { limits: { max: 1, grow: "ours" } },
      /max 1 counts every instance where nodes are launched from ours, and there are 2/,
      "--max 2",
    ],
    [
      "a drain timeout below the balancer's",
      "drain-timeout",
      { drainTimeout: 10_000 },
      /waits 10 s/,
      "--drain-timeout 300s",
    ],
    [
      "another balancer's autoscaler",
      "balancer",
      { fleet: { fleet: "kas", balancer: balancerRef({ fleet: "old" }) } },
      /registers with old/,
      "--load-balancer kas",
    ],
    [
      "another topic's autoscaler",
      "topic",
      { topicArn: "arn:aws:sns:eu-west-1:000000000000:old" },
      /of arn:\S+:old, not of arn:\S+:kas/,
      "--topic-arn arn:aws:sns:eu-west-1:000000000000:kas",
    ],
  ] as const
) {
  Deno.test(`doctor finds ${what} by the autoscaler's own word`, async () => {
    await using w = await wired();
    const limits = {
      warmup: 0,
      cooldownOut: 0,
      cooldownIn: 0,
      resync: 3_600_000,
      ..."limits" in more ? more.limits : {},
    };
    const { url } = await w.start({ ...more, limits });
    const row = problem((await w.doctor(`--url ${url}`)).rows, check);
    assertEquals(row.result, what.includes("is beyond") ? "warning" : "failed");
    assertMatch(row.detail, says);
    assertEquals(mendOf(row), `kas autoscaler ${flags}`);
  });
}

Deno.test("doctor tells that the autoscaler itself can't read the fleet", async () => {
  await using w = await wired();
  w.fleet.sandbox.faults.set("deny=ec2:DescribeInstances");
  const { url } = await w.start();
  await eventually(
    async () => await (await fetch(`${url}/status`)).json(),
    ({ observation }) => typeof observation?.error === "string",
  );
  w.fleet.sandbox.faults.clear();
  assertMatch(
    problem((await w.doctor(`--url ${url}`)).rows, "resync").detail,
    /the autoscaler can't read the fleet: You are not authorized.*; try: kas admin iam-policy autoscaler/,
  );
});

Deno.test("doctor finds workers that are of another version than the autoscaler", async () => {
  await using w = await wired();
  w.fleet.machines.versions.set(BASE, "0.0.9");
  const row = problem((await w.doctor()).rows, "versions");
  assertEquals(row.result, "warning");
  assertMatch(
    row.detail,
    new RegExp(`^the autoscaler is [0-9.]+, and ${BASE} 0.0.9; try: kas admin provision ${BASE}$`),
  );
});

Deno.test("doctor --pull asks for no topic and no actions", async () => {
  await using w = await wired();
  await deleteTopic(w.aws, w.topicArn);
  await w.fleet.rows("setup --pull");
  const { url } = await w.start({ topicArn: undefined });
  assertEquals(await w.problems(`--pull --url ${url}`), []);
});
