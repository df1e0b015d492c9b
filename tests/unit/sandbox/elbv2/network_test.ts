import { assert, assertEquals, assertRejects } from "@std/assert";
import { eventually } from "../../../support/kas.ts";
import { A, assertCode, B, startElbV2, SUBNETS, WEB } from "./fixture.ts";

/** Sends text to an address and returns the answer, after this side of the connection has ended. */
async function echo(connection: Deno.Conn, text: string): Promise<string> {
  await connection.write(new TextEncoder().encode(text));
  await connection.closeWrite();
  return await new Response(connection.readable).text();
}

/** Answers each connection of a TCP server with what it receives, after the client has ended its side, and the server's name. */
function echoServer(hostname: string, port: number, name: string): AsyncDisposable {
  const server = Deno.listen({ hostname, port });
  const answered = (async () => {
    for await (const connection of server) {
      const chunks: Uint8Array[] = [];
      const buffer = new Uint8Array(1_024);
      for (let read = await connection.read(buffer); read !== null; read = await connection.read(buffer)) {
        chunks.push(buffer.slice(0, read));
      }
      const text = await new Blob(chunks as BlobPart[]).text();
      await connection.write(new TextEncoder().encode(`${name} ${text}`));
      connection.close();
    }
  })();
  return {
    [Symbol.asyncDispose]: async () => {
      server.close();
      await answered;
    },
  };
}

Deno.test("a Network Load Balancer forwards the bytes of a connection in both directions, also after one side has ended", async () => {
  await using aws = await startElbV2({
    network: true,
    group: { HealthCheckProtocol: "TCP", HealthCheckPath: undefined, Port: "5432" },
  });
  await using _server = echoServer(aws.address(A), 5_432, "echo");
  await aws.call("CreateListener", { ...aws.listener, Port: "5432" });
  await aws.register(A);
  await aws.until(A, "healthy");
  const connection = await Deno.connect({ hostname: aws.host, port: 5_432 });
  assertEquals(await echo(connection, "hello"), "echo hello");
});

Deno.test("a Network Load Balancer checks by TCP, or by HTTP with the codes of the matcher", async () => {
  const group = { HealthCheckPath: "/teapot", Matcher: { HttpCode: "200-299" } };
  await using aws = await startElbV2({ network: true, group });
  await aws.call("CreateListener", aws.listener);
  await aws.register(A);
  await aws.until(A, "unhealthy Target.ResponseCodeMismatch");
  const Matcher = { HttpCode: "200-299,418" };
  await aws.call("ModifyTargetGroup", { TargetGroupArn: aws.group, Matcher });
  await aws.until(A, "healthy");
  assertEquals(await (await fetch(aws.url)).text(), A);
});

Deno.test("a connection to a draining target goes on, and ends with the delay only if the attribute says so", async () => {
  for (const ends of [false, true]) {
    await using aws = await startElbV2({ network: true, delay: "1" });
    await aws.call("ModifyTargetGroupAttributes", {
      TargetGroupArn: aws.group,
      Attributes: [{ Key: "deregistration_delay.connection_termination.enabled", Value: String(ends) }],
    });
    await aws.call("CreateListener", aws.listener);
    await aws.register(A);
    await aws.until(A, "healthy");
    aws.machines.hold = true;
    const work = fetch(aws.url).then((response) => response.text(), () => "broken");
    await eventually(() => aws.machines.held.get(A)?.length, (n) => n === 1);
    await aws.deregister(A);
    await aws.until(A, "unused Target.NotRegistered");
    for (const go of aws.machines.held.get(A) ?? []) go();
    assertEquals(await work, ends ? "broken" : A);
  }
});

Deno.test("the connections to a target that becomes unhealthy end, and new ones go to a healthy target", async () => {
  await using aws = await startElbV2({ network: true });
  await aws.call("CreateListener", aws.listener);
  await aws.register(A);
  await aws.until(A, "healthy");
  aws.machines.hold = true;
  // Deno 2.7 sends a GET again on a new connection.
  const request = { method: "POST", body: ReadableStream.from([new Uint8Array(1)]) };
  const work = fetch(aws.url, request).then((response) => response.text(), () => "broken");
  await eventually(() => aws.machines.held.get(A)?.length, (n) => n === 1);
  aws.machines.hold = false;
  await aws.register(B);
  await aws.until(B, "healthy");
  aws.faults.unhealthy.add(A);
  await aws.until(A, "unhealthy Target.FailedHealthChecks");
  assertEquals(await work, "broken");
  assertEquals(await (await fetch(aws.url)).text(), B);
  for (const go of aws.machines.held.get(A) ?? []) go();
});

Deno.test("with nlb-lag, a new target waits for its first check, and a deregistered target still gets new connections", async () => {
  await using aws = await startElbV2({ network: true, faults: ["nlb-lag=20s"] });
  await aws.call("CreateListener", aws.listener);
  await aws.register(A);
  assertEquals(await aws.health(A), "initial Elb.RegistrationInProgress");
  const registered = performance.now();
  await aws.until(A, "healthy");
  // 20 s, a hundred times faster.
  assert(performance.now() - registered >= 190);
  await aws.deregister(A);
  assertEquals(await aws.health(A), "draining Target.DeregistrationInProgress");
  // Each request opens a connection of its own.
  using client = Deno.createHttpClient({ poolMaxIdlePerHost: 0 });
  const get = () => fetch(aws.url, { client }).then((response) => response.text(), () => "no target");
  assertEquals(await get(), A);
  await eventually(get, (text) => text === "no target");
  assertEquals(await aws.health(A), "draining Target.DeregistrationInProgress");
});

Deno.test("a load balancer that is being provisioned listens on no port, and its targets are initial", async () => {
  await using aws = await startElbV2({ network: true, faults: ["provisioning=20s"] });
  await aws.call("CreateListener", aws.listener);
  await aws.register(A);
  assertEquals(await aws.health(A), "initial Elb.RegistrationInProgress");
  await assertRejects(() => Deno.connect({ hostname: aws.host, port: 30_000 }));
  await aws.until(A, "healthy");
  assertEquals(await (await fetch(aws.url)).text(), A);
});

Deno.test("a Network Load Balancer needs one subnet, has no security group by itself, and gets none later", async () => {
  await using aws = await startElbV2({ network: true });
  await aws.call("CreateLoadBalancer", { Name: "one", Type: "network", Subnets: SUBNETS.slice(0, 1) });
  assertEquals(aws.account.current.v2Balancers.get(aws.balancer)?.securityGroups, []);
  const SecurityGroups = ["sg-00000000000000001"];
  await assertCode(
    "InvalidConfigurationRequest",
    () => aws.call("SetSecurityGroups", { LoadBalancerArn: aws.balancer, SecurityGroups }),
  );
});

Deno.test("listeners and target groups of the two types of load balancers do not mix", async () => {
  await using aws = await startElbV2({ network: true });
  await assertCode(
    "ValidationError",
    () => aws.call("CreateListener", { ...aws.listener, Protocol: "HTTP" }),
  );
  const created = await aws.call("CreateTargetGroup", { ...WEB, Name: "http" });
  const [http] = (created as { TargetGroups: { TargetGroupArn: string }[] }).TargetGroups;
  const DefaultActions = [{ Type: "forward", TargetGroupArn: http?.TargetGroupArn }];
  await assertCode(
    "IncompatibleProtocols",
    () => aws.call("CreateListener", { ...aws.listener, DefaultActions }),
  );
});
