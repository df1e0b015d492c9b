import { assertEquals } from "@std/assert";
import { balancerRef } from "../../../../src/aws/balancing/balancer.ts";
import { classicCheck, readChecks, targetGroupCheck } from "../../../../src/aws/balancing/checks.ts";
import { sharedChecks } from "../../../../src/aws/balancing/shared_calls.ts";
import { query, wire } from "../wire.ts";

const NONE = { protocol: "none" };
const ONLY_200 = [{ from: 200, to: 200 }];

for (
  const [target, expected] of [
    ["HTTP:30000/ping", { protocol: "http", port: 30_000, path: "/ping", codes: ONLY_200, timeout: 5_000 }],
    ["HTTPS:443/a?b=c", { protocol: "https", port: 443, path: "/a?b=c", codes: ONLY_200, timeout: 5_000 }],
    ["TCP:5432", { protocol: "tcp", port: 5_432 }],
    ["SSL:443", { protocol: "tcp", port: 443 }],
    ["UDP:53", NONE],
    ["HTTP:0/", NONE],
    ["", NONE],
    [undefined, NONE],
  ] as const
) {
  Deno.test(`kas makes the check ${target} of a Classic Load Balancer as ${expected.protocol}`, () => {
    assertEquals(classicCheck({ Target: target, Timeout: 5 }), expected);
  });
}

const GROUP = {
  Port: 8_080,
  HealthCheckEnabled: true,
  HealthCheckProtocol: "HTTP",
  HealthCheckPort: "traffic-port",
  HealthCheckPath: "/healthz",
  HealthCheckTimeoutSeconds: 6,
  Matcher: { HttpCode: "200-299,302" },
} as const;

const HTTP = {
  protocol: "http",
  port: 8_080,
  path: "/healthz",
  codes: [{ from: 200, to: 299 }, { from: 302, to: 302 }],
  timeout: 6_000,
};

for (
  const [what, given, expected] of [
    ["checks over HTTP", {}, HTTP],
    ["has a port of its own for checks", { HealthCheckPort: "9000" }, { ...HTTP, port: 9_000 }],
    ["checks over HTTPS", { HealthCheckProtocol: "HTTPS" }, { ...HTTP, protocol: "https" }],
    ["checks over TCP", { HealthCheckProtocol: "TCP" }, { protocol: "tcp", port: 8_080 }],
    ["has no codes", { Matcher: undefined }, { ...HTTP, codes: ONLY_200 }],
    ["has codes that kas does not know", { Matcher: { HttpCode: "ok" } }, NONE],
    ["checks over gRPC", { ProtocolVersion: "GRPC", Matcher: { GrpcCode: "0-99" } }, NONE],
    ["checks over HTTP/2", { ProtocolVersion: "HTTP2" }, { protocol: "tcp", port: 8_080 }],
    ["waits two minutes", { HealthCheckTimeoutSeconds: 120 }, { ...HTTP, timeout: 10_000 }],
    ["makes no checks", { HealthCheckEnabled: false }, NONE],
    ["has a protocol that kas does not know", { HealthCheckProtocol: "GENEVE" }, NONE],
  ] as const
) {
  Deno.test(`kas makes the check of a target group that ${what} as ${expected.protocol}`, () => {
    assertEquals(targetGroupCheck({ ...GROUP, ...given } as unknown as typeof GROUP), expected);
  });
}

const arn = (name: string) =>
  `arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/${name}/0123456789abcdef`;

/** ELB with one target group of each given name. Its checks are at the port of the traffic, 8080. */
function groups(targets: Readonly<Record<string, readonly string[]>>) {
  let path = "/healthz";
  const server = wire(({ action, input }) => {
    const wanted = String(input.TargetGroupArn ?? input["TargetGroupArns.member.1"]);
    if (action === "DescribeTargetGroups") {
      return query(
        action,
        `<TargetGroups><member><TargetGroupArn>${wanted}</TargetGroupArn><Port>8080</Port>` +
          `<HealthCheckProtocol>HTTP</HealthCheckProtocol><HealthCheckPort>traffic-port</HealthCheckPort>` +
          `<HealthCheckPath>${path}</HealthCheckPath><Matcher><HttpCode>200</HttpCode></Matcher></member></TargetGroups>`,
      );
    }
    const found = (targets[wanted.split("/")[1] ?? ""] ?? []).map((target) => {
      const [id, port] = target.split(":");
      return `<member><Target><Id>${id}</Id><Port>${port}</Port></Target>` +
        `<TargetHealth><State>healthy</State></TargetHealth></member>`;
    });
    return query(action, `<TargetHealthDescriptions>${found.join("")}</TargetHealthDescriptions>`);
  });
  return {
    ...server,
    [Symbol.asyncDispose]: server[Symbol.asyncDispose],
    change: (to: string) => void (path = to),
  };
}

Deno.test("kas checks an instance at each port and path at which one of its target groups checks it", async () => {
  const ref = balancerRef({ fleet: "kas", targetGroup: [arn("web"), arn("admin")] });
  await using server = groups({ web: ["i-1:8081", "i-1:8082", "i-2:8080"], admin: [] });
  const of = await readChecks(server.aws, ref);
  const ports = (id: string) => of(id).map((check) => "port" in check ? check.port : undefined);
  assertEquals([ports("i-1"), ports("i-2"), ports("i-3")], [[8_081, 8_082, 8_080], [8_080, 8_080], [
    8_080,
    8_080,
  ]]);
});

Deno.test("concurrent starts share the reads of the checks, and kas notices a change of the check within a minute", async () => {
  const ref = balancerRef({ fleet: "kas", targetGroup: [arn("web")] });
  await using server = groups({ web: [] });
  const path = async (now: number) => {
    const [check] = (await sharedChecks(server.aws, ref, now))("i-1");
    return check && "path" in check ? check.path : undefined;
  };
  assertEquals(await Promise.all([path(0), path(0), path(0)]), ["/healthz", "/healthz", "/healthz"]);
  const once = server.calls.length;
  server.change("/ready");
  assertEquals([await path(59_999), server.calls.length], ["/healthz", once]);
  assertEquals(await path(60_000), "/ready");
});
