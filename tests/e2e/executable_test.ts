import { assertEquals, assertMatch } from "@std/assert";
import { Buffer } from "node:buffer";
import { BUILT, execute, start } from "../support/kas.ts";
import { binary, testWith } from "../support/needs.ts";

testWith(
  [binary()],
  "kas --version prints the version, commit, target and Deno version of the executable",
  async () => {
    const { code, stdout, stderr } = await execute([...BUILT, "--version"]);
    assertEquals([code, stderr], [0, ""]);
    assertMatch(
      stdout,
      /^kas \d+\.\d+\.\d+ \(commit ([0-9a-f]{12}(-dirty)?|unknown), [a-z0-9_]+-\S+, deno \d+\.\d+\.\d+\)\n$/,
    );
  },
);

testWith([binary()], "the kas executable can start burn threads and answer /work", async () => {
  const words = ["worker", "--listen", "127.0.0.1:0", "--threads", "1", "--work-ms", "1"];
  await using worker = start([...BUILT, ...words]);
  const [, url] = await worker.line(/listening on (http:\/\/\S+)/);
  const response = await fetch(`${url}/work`);
  assertMatch(await response.text(), /^-?\d+\t0\.\d{6}$/);
});

testWith(
  [binary()],
  "the kas executable contains only the used parts of its packages, and no packages for tests",
  async () => {
    const bytes = Buffer.from(await Deno.readFile(BUILT[0] ?? ""));
    const used = ["StartInstancesCommand", "DescribeAlarmsCommand"];
    const unused = [
      // A command that kas does not call, and a shape that none of its commands uses.
      "CreateVpcPeeringConnectionCommand",
      "DescribeTransitGatewayConnectPeersResult",
      // Messages of fast-check and iam-simulate.
      "Property failed after",
      "ImplicitlyDenied",
    ];
    assertEquals([...used, ...unused].filter((text) => bytes.includes(text)), used);
  },
);
