import { assertEquals } from "@std/assert";
import { Billing } from "../../../../src/sandbox/account/billing.ts";
import { EMPTY_SNAPSHOT } from "../../../../src/sandbox/account/snapshot.ts";
import { realClock } from "../../../../src/sandbox/clock.ts";
import { endpoint } from "../../../../src/sandbox/wire/endpoint.ts";
import { Faults } from "../../../../src/sandbox/faults/faults.ts";

Deno.test("a client that disconnects during its request causes no API call and no error", async () => {
  const calls: unknown[] = [];
  const services = {
    ec2: {},
    elasticloadbalancing: {},
    "elasticloadbalancing-v2": {},
    monitoring: {},
    sns: {},
  };
  const handle = endpoint({
    clock: realClock(),
    services,
    unsigned: {},
    signer: { pem: "", path: "/pem", sign: () => "" },
    faults: new Faults(),
    record: (call) => calls.push(call),
    billed: () => new Billing(() => EMPTY_SNAPSHOT).units(),
    stopping: new AbortController().signal,
  });
  const came = Promise.withResolvers<void>();
  const answered = Promise.withResolvers<Response>();
  const options: Deno.ServeTcpOptions = { hostname: "127.0.0.1", port: 0, onListen: () => {} };
  await using server = Deno.serve(options, (request) => {
    const answer = handle(request);
    answer.then(answered.resolve, answered.reject);
    came.resolve();
    return answer;
  });
  {
    using client = await Deno.connect({ hostname: "127.0.0.1", port: server.addr.port });
    await client.write(
      new TextEncoder().encode("POST / HTTP/1.1\r\nhost: aws\r\ncontent-length: 9\r\n\r\nAct"),
    );
    await came.promise;
  }
  assertEquals((await answered.promise).status, 400);
  assertEquals(calls, []);
});
