import { assertEquals } from "@std/assert";
import { startSandbox } from "../../src/sandbox/sandbox.ts";
import { execute } from "../support/kas.ts";
import { type Need, program, testWith } from "../support/needs.ts";
import { localMachines } from "../unit/sandbox/machines.ts";
import { motoBackend } from "./contract/backends.ts";

const [BASE, NODE] = ["i-00000000000000001", "i-00000000000000002"] as const;
const SCRIPT = new URL("./testdata/sandbox_boto3.py", import.meta.url).pathname;
const BALANCER_SETUP = new URL("./testdata/balancer_setup.py", import.meta.url).pathname;

/** boto3 in the Python on the PATH. */
function boto3(): Need {
  const what = "python3 has no boto3";
  if (!program("python3").met) return { what, met: false };
  return {
    what,
    met: new Deno.Command("python3", { args: ["-c", "import boto3"], stderr: "null" }).outputSync().success,
  };
}

testWith([boto3()], "boto3 can use the sandbox, including waiters and paginators", async () => {
  await using kas = await startSandbox({ kind: true, speed: 100, machine: localMachines().make });
  const { code, stdout, stderr } = await execute(["python3", SCRIPT], kas.env);
  assertEquals([code, stderr], [0, ""]);
  const change = (
    CurrentState: unknown,
    PreviousState: unknown,
  ) => [{ InstanceId: NODE, CurrentState, PreviousState }];
  const topic = "arn:aws:sns:eu-west-1:000000000000:other";
  assertEquals(stdout.trim().split("\n").map((line) => JSON.parse(line)), [
    [[BASE, "running"], [NODE, "stopped"]],
    change({ Code: 0, Name: "pending" }, { Code: 80, Name: "stopped" }),
    [[BASE, "ok", []], [NODE, "ok", []]],
    [{ InstanceId: BASE }, { InstanceId: NODE }],
    "HTTP:30000/ping",
    [{ InstanceId: BASE }],
    change({ Code: 64, Name: "stopping" }, { Code: 16, Name: "running" }),
    "2",
    "pending confirmation",
    [[`kas:cpuhigh:${BASE}`, 80.5, [topic]]],
    true,
    [
      ["InvalidInstanceID.NotFound", 400],
      ["InvalidInstanceID.Malformed", 400],
      ["LoadBalancerNotFound", 400],
      ["InvalidInstance", 400],
      ["ResourceNotFound", 404],
      ["NotFound", 404],
      ["AuthorizationError", 403],
    ],
  ]);
});

testWith(
  [boto3(), program("moto_server")],
  "the sandbox and moto answer boto3 in the same way while it sets up Application and Network Load Balancers",
  async () => {
    await using kas = await startSandbox({ kind: true, empty: true, machine: localMachines().make });
    await using moto = await motoBackend();
    const answers = async (url: string) => {
      const { code, stdout, stderr } = await execute(["python3", BALANCER_SETUP], {
        ...kas.env,
        AWS_ENDPOINT_URL: url,
      });
      assertEquals([code, stderr], [0, ""]);
      return stdout.trim().split("\n");
    };
    const [own, theirs] = [await answers(kas.url), await answers(moto.url)];
    assertEquals(own.length > 20, true);
    assertEquals(own, theirs);
  },
);
