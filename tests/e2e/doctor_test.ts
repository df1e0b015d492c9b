import { CreateTagsCommand, RevokeSecurityGroupIngressCommand } from "@aws-sdk/client-ec2";
import { assert, assertEquals, assertMatch } from "@std/assert";
import { BUILT, execute } from "../support/kas.ts";
import { program, testWith } from "../support/needs.ts";
import { kas } from "./contract/admin.ts";
import { type Backend, motoBackend, sandboxBackend } from "./contract/backends.ts";
import { settled } from "./contract/cases.ts";

const FLEET = "kas";

/** The row of one of doctor's checks. */
async function row(backend: Backend, check: string): Promise<{ result: string; detail: string }> {
  const { rows } = await kas(backend, FLEET, "doctor");
  const found = rows.find((row) => row["check"] === check);
  return { result: String(found?.["result"]), detail: String(found?.["detail"]) };
}

/** Runs a command of the AWS CLI as doctor prints it. */
async function aws({ url, region }: Backend, command: string): Promise<unknown> {
  const env = {
    AWS_REGION: region,
    AWS_DEFAULT_REGION: region,
    AWS_ACCESS_KEY_ID: "test",
    AWS_SECRET_ACCESS_KEY: "test",
    AWS_PAGER: "",
  };
  // A shell reads the words, as for an operator who pastes the command.
  const script = command.replace(/^(aws )?/, 'aws --endpoint-url "$0" --output json ');
  const { code, stdout, stderr } = await execute(["bash", "-c", script, url], env);
  assertEquals(code, 0, `${command}: ${stderr}`);
  return stdout === "" ? undefined : JSON.parse(stdout);
}

/** The ids of all instances, as words. */
async function instanceIds(backend: Backend): Promise<string> {
  const query = "aws ec2 describe-instances --query 'Reservations[].Instances[].InstanceId'";
  return (await aws(backend, query) as string[]).join(" ");
}

/** Runs the command that doctor prints for a failed check. The check must pass afterwards. */
async function mend(backend: Backend, check: string, names: RegExp): Promise<void> {
  const { result, detail } = await row(backend, check);
  assertEquals(result, "failed");
  assertMatch(detail, names);
  const [, command = ""] = /; try: (aws .*)$/.exec(detail) ?? [];
  await aws(backend, command);
  const after = await row(backend, check);
  assertEquals(after.result, "ok", after.detail);
}

testWith(
  [program("aws")],
  "the AWS CLI commands that doctor proposes correct IAM roles and security groups",
  async () => {
    await using backend = await sandboxBackend();
    const launch = ["instances", "create", "--image", backend.image, "--type", "t3.micro", "--role"];
    const [{ id: base } = {}] = (await kas(backend, FLEET, ...launch, "base")).rows;
    const [{ id: control } = {}] = (await kas(backend, FLEET, ...launch, "control")).rows;
    await settled(backend, String(base), "running");
    assertEquals((await kas(backend, FLEET, "setup", "--balancer", "classic")).status, 0);
    const ec2 = await backend.aws.ec2();

    await mend(backend, "ports", new RegExp(`\\b10000\\b.*${control}|${control}.*\\b10000\\b`));

    const GroupId = "sg-00000000000000001";
    const IpPermissions = [{ IpProtocol: "-1", UserIdGroupPairs: [{ GroupId }] }];
    await ec2.send(new RevokeSecurityGroupIngressCommand({ GroupId, IpPermissions }));
    await mend(backend, "ports", new RegExp(`\\b30000\\b.*${base}|${base}.*\\b30000\\b`));

    const Tags = [{ Key: "kas:role", Value: "node" }];
    await ec2.send(new CreateTagsCommand({ Resources: [String(base)], Tags }));
    await mend(backend, "base", /\bbase\b/);
  },
);

testWith(
  [program("aws"), program("moto_server")],
  "doctor finds an instance of an Auto Scaling group, and proposes an AWS CLI command that detaches the instance",
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
    // Doctor asks running workers, and moto made this instance's address up.
    await aws(backend, "aws ec2 stop-instances --instance-ids " + await instanceIds(backend));
    await mend(
      backend,
      "auto-scaling-groups",
      /\bi-\w+\b.*\btheirs\b/,
    );
  },
);

Deno.test("kas admin doctor without credentials fails one check, and exits with status 1", async () => {
  const env = { AWS_REGION: "eu-west-1" };
  const { code, stdout, stderr } = await execute([...BUILT, "admin", "doctor", "--output", "json"], env);
  assertEquals([code, stderr], [1, ""]);
  const rows: { check: string; result: string; detail: string }[] = JSON.parse(stdout);
  const failed = rows.filter(({ result }) => result === "failed");
  assertEquals(failed.map(({ check }) => check), ["credentials"]);
  assertMatch(failed[0]?.detail ?? "", /; try: .*AWS_ACCESS_KEY_ID/);
  assert(rows.length > 20);
});

testWith(
  [program("moto_server"), program("aws")],
  "doctor finds raw delivery and a filter policy at moto, and the AWS CLI commands that doctor proposes remove them",
  async () => {
    await using backend = await motoBackend();
    // The fleet has no instances: nothing sends a request to an address that moto made up.
    assertEquals((await kas(backend, FLEET, "topics", "create", FLEET)).status, 0);
    await kas(backend, FLEET, "topics", "subscribe", "http://127.0.0.1:9/");
    assertEquals((await row(backend, "delivery")).result, "ok");
    const listed = await aws(backend, "aws sns list-subscriptions") as {
      Subscriptions: { SubscriptionArn: string }[];
    };
    const [{ SubscriptionArn } = { SubscriptionArn: "" }] = listed.Subscriptions;
    const set = `aws sns set-subscription-attributes --subscription-arn ${SubscriptionArn} --attribute-name`;
    await aws(backend, `${set} RawMessageDelivery --attribute-value true`);
    await mend(backend, "delivery", /raw messages/);
    await aws(backend, `${set} FilterPolicy --attribute-value '{"severity":["high"]}'`);
    await mend(backend, "delivery", /filter policy/);
  },
);
