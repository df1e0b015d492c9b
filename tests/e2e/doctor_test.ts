import { CreateTagsCommand, RevokeSecurityGroupIngressCommand } from "@aws-sdk/client-ec2";
import { assert, assertEquals, assertMatch } from "@std/assert";
import { BUILT, execute } from "../support/kas.ts";
import { program, testWith } from "../support/needs.ts";
import { kas } from "./contract/admin.ts";
import { type Backend, motoBackend, sandboxBackend } from "./contract/backends.ts";
import { settled } from "./contract/cases.ts";

const FLEET = "kas";

/** What doctor says of one thing. */
async function row(backend: Backend, check: string): Promise<{ result: string; detail: string }> {
  const { rows } = await kas(backend, FLEET, "doctor");
  const found = rows.find((row) => row["check"] === check);
  return { result: String(found?.["result"]), detail: String(found?.["detail"]) };
}

/** Runs a command of the AWS CLI's, in words as they are printed. */
async function aws({ url, region }: Backend, command: string): Promise<unknown> {
  const env = {
    AWS_REGION: region,
    AWS_DEFAULT_REGION: region,
    AWS_ACCESS_KEY_ID: "test",
    AWS_SECRET_ACCESS_KEY: "test",
    AWS_PAGER: "",
  };
  const words = command.replace(/^aws /, "").split(" ");
  const { code, stdout, stderr } = await execute(
    ["aws", "--endpoint-url", url, "--output", "json", ...words],
    env,
  );
  assertEquals(code, 0, `${command}: ${stderr}`);
  return stdout === "" ? undefined : JSON.parse(stdout);
}

/** Does what doctor says with the AWS CLI, and has doctor find nothing wrong with it any more. */
async function mend(backend: Backend, check: string, says: RegExp): Promise<void> {
  const { result, detail } = await row(backend, check);
  assertEquals(result, "failed");
  assertMatch(detail, says);
  const [, command = ""] = /; try: (aws .*)$/.exec(detail) ?? [];
  await aws(backend, command);
  const after = await row(backend, check);
  assertEquals(after.result, "ok", after.detail);
}

testWith([program("aws")], "what doctor says to the AWS CLI mends roles and security groups", async () => {
  await using backend = await sandboxBackend();
  const launch = ["instances", "create", "--image", backend.image, "--type", "t3.micro", "--role"];
  const [{ id: base } = {}] = (await kas(backend, FLEET, ...launch, "base")).rows;
  const [{ id: control } = {}] = (await kas(backend, FLEET, ...launch, "control")).rows;
  await settled(backend, String(base), "running");
  assertEquals((await kas(backend, FLEET, "setup")).status, 0);
  const ec2 = await backend.aws.ec2();

  await mend(backend, "ports", new RegExp(`^port 10000 of ${control} is closed to SNS`));

  const GroupId = "sg-00000000000000001";
  const IpPermissions = [{ IpProtocol: "-1", UserIdGroupPairs: [{ GroupId }] }];
  await ec2.send(new RevokeSecurityGroupIngressCommand({ GroupId, IpPermissions }));
  await mend(backend, "ports", new RegExp(`^port 30000 of ${base} is closed to the load balancer`));

  const Tags = [{ Key: "kas:role", Value: "node" }];
  await ec2.send(new CreateTagsCommand({ Resources: [String(base)], Tags }));
  await mend(backend, "base", /^none of the fleet's 2 instances is a base/);
});

testWith(
  [program("aws"), program("moto_server")],
  "doctor finds an instance of an Auto Scaling group at moto, and the AWS CLI detaches it as doctor says",
  async () => {
    await using backend = await motoBackend();
    const name = "theirs";
    await aws(
      backend,
      `autoscaling create-launch-configuration --launch-configuration-name ${name} --image-id ${backend.image} ` +
        "--instance-type t3.micro",
    );
    await aws(
      backend,
      `autoscaling create-auto-scaling-group --auto-scaling-group-name ${name} --launch-configuration-name ${name} ` +
        `--min-size 0 --max-size 1 --desired-capacity 1 --availability-zones ${backend.region}a ` +
        `--tags Key=kas:fleet,Value=${FLEET},PropagateAtLaunch=true`,
    );
    await mend(
      backend,
      "auto-scaling-groups",
      /^kas leaves i-\w+ alone: the Auto Scaling group theirs owns them/,
    );
  },
);

Deno.test("doctor in a process without credentials says so, in one failed row, with exit status 1", async () => {
  const env = { AWS_REGION: "eu-west-1" };
  const { code, stdout, stderr } = await execute([...BUILT, "admin", "doctor", "--output", "json"], env);
  assertEquals([code, stderr], [1, ""]);
  const rows: { check: string; result: string; detail: string }[] = JSON.parse(stdout);
  const failed = rows.filter(({ result }) => result === "failed");
  assertEquals(failed.map(({ check }) => check), ["credentials"]);
  assertMatch(failed[0]?.detail ?? "", /no AWS credentials: none were found .*; try: set AWS_ACCESS_KEY_ID/);
  assert(rows.length > 20);
});
