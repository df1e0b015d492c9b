import { assertEquals } from "@std/assert";
import { commandOf, commands } from "../unit/admin/tree.ts";
import { program, testWith } from "../support/needs.ts";
import { ADMIN_CASES } from "./contract/admin_cases.ts";
import { type Backend, motoBackend, sandboxBackend } from "./contract/backends.ts";
import { CLOUDWATCH_CASES } from "./contract/cloudwatch_cases.ts";
import { EC2_CASES } from "./contract/ec2_cases.ts";
import { ELB_CASES } from "./contract/elb_cases.ts";
import { LAUNCH_CASES } from "./contract/launch_cases.ts";
import { MANY_CASES } from "./contract/many_cases.ts";
import { REACH_CASES } from "./contract/reach_cases.ts";
import { SNS_CASES } from "./contract/sns_cases.ts";
import { TARGET_GROUP_CASES } from "./contract/target_group_cases.ts";

/** Every case runs on every backend. */
const CASES = [
  ...EC2_CASES,
  ...LAUNCH_CASES,
  ...ELB_CASES,
  ...TARGET_GROUP_CASES,
  ...CLOUDWATCH_CASES,
  ...SNS_CASES,
  ...MANY_CASES,
  ...ADMIN_CASES,
  ...REACH_CASES,
];

/** Commands that take the settings of AWS's endpoint only to print them. */
const PRINTERS = ["admin user-data", "admin config list"];

testWith([], "the sandbox behaves as kas expects AWS to behave", (t) => contract(t, sandboxBackend));
testWith(
  [program("moto_server")],
  "the AWS simulator moto behaves as kas expects AWS to behave",
  (t) => contract(t, motoBackend),
);

async function contract(t: Deno.TestContext, start: () => Promise<Backend>): Promise<void> {
  await using backend = await start();
  for (const [i, { name, run }] of CASES.entries()) await t.step(name, () => run(backend, `fleet${i}`));
  await t.step("the test cases run every command of kas admin that calls AWS", async () => {
    const ran = new Set(await Promise.all(backend.ran.map((words) => commandOf(["admin", ...words]))));
    const calling = (await commands()).entries().filter(([, { options }]) => "endpointUrl" in options);
    assertEquals([...calling].map(([path]) => path).filter((path) => !ran.has(path)), PRINTERS);
  });
}
