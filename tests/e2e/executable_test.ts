import { assertEquals, assertMatch } from "@std/assert";
import { Buffer } from "node:buffer";
import { BUILT, execute, start } from "../support/kas.ts";
import { binary, testWith } from "../support/needs.ts";

testWith([binary()], "the executable tells its version, its commit, its target and its Deno", async () => {
  const { code, stdout, stderr } = await execute([...BUILT, "--version"]);
  assertEquals([code, stderr], [0, ""]);
  assertMatch(
    stdout,
    /^kas \d+\.\d+\.\d+ \(commit ([0-9a-f]{12}(-dirty)?|unknown), [a-z0-9_]+-\S+, deno \d+\.\d+\.\d+\)\n$/,
  );
});

testWith([binary()], "the executable burns on its threads", async () => {
  const words = ["worker", "--listen", "127.0.0.1:0", "--threads", "1", "--work-ms", "1"];
  await using worker = start([...BUILT, ...words]);
  const [, url] = await worker.line(/listening on (http:\/\/\S+)/);
  const response = await fetch(`${url}/work`);
  assertMatch(await response.text(), /^-?\d+\t0\.\d{6}$/);
});

testWith(
  [binary()],
  "the executable holds what kas uses of its packages, and none of those for tests",
  async () => {
    const bytes = Buffer.from(await Deno.readFile(BUILT[0] ?? ""));
    const used = ["StartInstancesCommand", "DescribeAlarmsCommand"];
    const unused = [
      // A command that kas does not call, and a shape that none of its commands refers to.
      "CreateVpcPeeringConnectionCommand",
      "DescribeTransitGatewayConnectPeersResult",
      // What fast-check and iam-simulate have to say.
      "Property failed after",
      "ImplicitlyDenied",
    ];
    assertEquals([...used, ...unused].filter((text) => bytes.includes(text)), used);
  },
);
