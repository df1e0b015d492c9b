import { assertEquals, assertRejects } from "@std/assert";
import type { ActivityContext } from "../../../../../src/autoscaler/lifecycle/activity_context.ts";
import { checksOf, healthCheck } from "../../../../../src/autoscaler/lifecycle/observe/health_check.ts";
import { balancerRef } from "../../../../../src/aws/balancing/balancer.ts";
import type { Aws } from "../../../../../src/aws/clients.ts";
import { realClock } from "../../../../../src/runtime.ts";
import { query, queryError, wire } from "../../../aws/wire.ts";

const { signal } = new AbortController();
const INSTANCE = { id: "i-1", name: "", role: "node", state: "running", type: "", zone: "" } as const;

/** The answers of the services by host and port: a status, or an error. */
type Services = Readonly<Record<string, number | Error>>;

const REFUSED = new Error("connection refused");
const SILENT = new Error("network is unreachable");

function contextOf(aws: Aws, services: Services): ActivityContext {
  const runtime = {
    clock: realClock,
    fetchService: (url: string) => {
      const answer = services[new URL(url).host] ?? SILENT;
      return typeof answer === "number"
        ? Promise.resolve(new Response(null, { status: answer }))
        : Promise.reject(answer);
    },
    connect: () => Promise.resolve(),
  };
  const fleet = {
    fleet: "kas",
    balancer: balancerRef({ fleet: "kas", targetGroup: [arn("web"), arn("admin")] }),
  };
  const address = ({ privateIp }: { readonly privateIp?: string }) => privateIp;
  return { id: "i-1", signal, environment: { aws, fleet, address, runtime } } as unknown as ActivityContext;
}

const arn = (name: string) =>
  `arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/${name}/0123456789abcdef`;

/** Target groups that check ports 8080 (web) and 9090 (admin). */
const groups = () =>
  wire(({ action, input }) => {
    const wanted = String(input["TargetGroupArns.member.1"]);
    const port = wanted.includes("/web/") ? 8_080 : 9_090;
    return query(
      action,
      `<TargetGroups><member><TargetGroupArn>${wanted}</TargetGroupArn><Port>80</Port><HealthCheckPort>${port}</HealthCheckPort>` +
        "<HealthCheckProtocol>HTTP</HealthCheckProtocol><HealthCheckPath>/</HealthCheckPath></member></TargetGroups>",
    );
  });

for (
  const [web, admin, passed, answered] of [
    [200, 200, true, false],
    [200, 503, undefined, true],
    [503, SILENT, undefined, true],
    [REFUSED, 200, undefined, true],
    // Only a check that gets no answer keeps the instance from passing. The load balancer may get one.
    [200, SILENT, undefined, false],
    [SILENT, SILENT, undefined, false],
  ] as const
) {
  const name = (answer: number | Error) => typeof answer === "number" ? answer : answer.message;
  Deno.test(`an instance with two checks, ${name(web)} and ${name(admin)}, ${passed ? "passes" : `fails, ${answered ? "with" : "without"} an answer`}`, async () => {
    await using server = groups();
    const context = contextOf(server.aws, { "10.0.0.7:8080": web, "10.0.0.7:9090": admin });
    const check = healthCheck(
      context,
      { ...INSTANCE, privateIp: "10.0.0.7" },
      () => Promise.resolve(undefined),
    );
    assertEquals([await check.attempt(), check.answered()], [passed, answered]);
  });
}

Deno.test("an instance whose address EC2 shows late is checked as soon as EC2 shows the address", async () => {
  await using server = groups();
  const context = contextOf(server.aws, { "10.0.0.7:8080": 200, "10.0.0.7:9090": 200 });
  let seen = {};
  const check = healthCheck(context, INSTANCE, () => Promise.resolve({ ...INSTANCE, ...seen }));
  assertEquals([await check.attempt(), check.answered()], [undefined, false]);
  seen = { privateIp: "10.0.0.7" };
  assertEquals(await check.attempt(), true);
});

Deno.test("without the permission to read the load balancer's check, only the load balancer checks an instance", async () => {
  await using server = wire(() => queryError("AccessDenied", "not authorized", 403));
  const context = contextOf(server.aws, {});
  assertEquals(await checksOf(context), []);
  const check = healthCheck(
    context,
    { ...INSTANCE, privateIp: "10.0.0.7" },
    () => Promise.resolve(undefined),
  );
  assertEquals(await check.attempt(), true);
});

Deno.test("while AWS does not answer, an attempt fails, and the instance does not pass unchecked", async () => {
  await using server = wire(() => queryError("ServiceUnavailable", "later", 503));
  const check = healthCheck(contextOf(server.aws, {}), INSTANCE, () => Promise.resolve(undefined));
  await assertRejects(() => check.attempt());
});
