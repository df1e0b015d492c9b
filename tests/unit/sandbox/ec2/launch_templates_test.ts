/**
 * Launch templates through the AWS SDK's client: a description returns what was created, and an instance gets the
 * settings.
 *
 * @module
 */
import {
  CreateLaunchTemplateCommand,
  CreateLaunchTemplateVersionCommand,
  DeleteLaunchTemplateCommand,
  DescribeInstanceAttributeCommand,
  DescribeInstancesCommand,
  DescribeLaunchTemplatesCommand,
  DescribeLaunchTemplateVersionsCommand,
  ModifyLaunchTemplateCommand,
  RunInstancesCommand,
  type RunInstancesCommandInput,
  type Tag,
} from "@aws-sdk/client-ec2";
import { assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import { startSandbox } from "../../../../src/sandbox/sandbox.ts";
import { localMachines } from "../machines.ts";
import { clients } from "../sdk.ts";

const USER_DATA = btoa("#!/bin/sh\necho hello\n");

const DATA = {
  ImageId: "ami-00000000000000002",
  InstanceType: "t3.small",
  KeyName: "key",
  UserData: USER_DATA,
  SecurityGroupIds: ["sg-00000000000000001", "sg-00000000000000002"],
  TagSpecifications: [{
    ResourceType: "instance",
    Tags: [{ Key: "team", Value: "web" }, { Key: "Name", Value: "template's" }],
  }],
} as const;

/** Starts a sandbox with a launch template `node`. Returns functions that launch from it. */
async function open() {
  await using stack = new AsyncDisposableStack();
  const sandbox = stack.use(
    await startSandbox({
      kind: true,
      empty: true,
      speed: 50,
      balancerPort: 0,
      machine: localMachines().make,
    }),
  );
  const { ec2 } = stack.use(clients(sandbox.url, { maxAttempts: 1 }));
  const { LaunchTemplate } = await ec2.send(
    new CreateLaunchTemplateCommand({
      LaunchTemplateName: "node",
      LaunchTemplateData: {
        ...DATA,
        SecurityGroupIds: [...DATA.SecurityGroupIds],
        TagSpecifications: [{ ResourceType: "instance", Tags: [...DATA.TagSpecifications[0].Tags] }],
      },
    }),
  );
  const owned = stack.move();
  return {
    sandbox,
    ec2,
    id: LaunchTemplate?.LaunchTemplateId ?? "",
    run: async (more: Partial<RunInstancesCommandInput> = {}) => {
      const input = { MinCount: 1, MaxCount: 1, LaunchTemplate: { LaunchTemplateName: "node" }, ...more };
      return (await ec2.send(new RunInstancesCommand(input))).Instances ?? [];
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

const tags = (list: readonly Tag[] = []) => Object.fromEntries(list.map(({ Key, Value }) => [Key, Value]));

Deno.test("RunInstances applies the settings and tags of the template, and the request's tags override the template's", async () => {
  await using it = await open();
  const [launched] = await it.run({
    InstanceType: "t3.large",
    TagSpecifications: [{ ResourceType: "instance", Tags: [{ Key: "Name", Value: "mine" }] }],
  });
  const InstanceId = launched?.InstanceId ?? "";
  const { Reservations } = await it.ec2.send(new DescribeInstancesCommand({ InstanceIds: [InstanceId] }));
  const instance = Reservations?.[0]?.Instances?.[0];
  assertEquals([instance?.ImageId, instance?.InstanceType, instance?.KeyName], [
    DATA.ImageId,
    "t3.large",
    "key",
  ]);
  assertEquals(instance?.SecurityGroups?.map(({ GroupId }) => GroupId), [...DATA.SecurityGroupIds]);
  assertEquals(tags(instance?.Tags), {
    team: "web",
    Name: "mine",
    "aws:ec2launchtemplate:id": it.id,
    "aws:ec2launchtemplate:version": "1",
  });
  const { UserData } = await it.ec2.send(
    new DescribeInstanceAttributeCommand({ InstanceId, Attribute: "userData" }),
  );
  assertEquals(UserData?.Value, USER_DATA);
});

Deno.test("RunInstances accepts $Default, $Latest or a version number of a launch template", async () => {
  await using it = await open();
  const type = async (Version?: string) => {
    const version = Version === undefined ? {} : { Version };
    const [launched] = await it.run({ LaunchTemplate: { LaunchTemplateId: it.id, ...version } });
    return launched?.InstanceType;
  };
  await it.ec2.send(
    new CreateLaunchTemplateVersionCommand({
      LaunchTemplateId: it.id,
      SourceVersion: "1",
      LaunchTemplateData: { InstanceType: "t3.large" },
    }),
  );
  assertEquals([
    await type(),
    await type("$Latest"),
    await type("$Default"),
    await type("2"),
    await type("1"),
  ], [
    "t3.small",
    "t3.large",
    "t3.small",
    "t3.large",
    "t3.small",
  ]);
  await it.ec2.send(new ModifyLaunchTemplateCommand({ LaunchTemplateId: it.id, DefaultVersion: "2" }));
  assertEquals(await type(), "t3.large");
  const error = await assertRejects(() => type("3"), Error);
  assertEquals(error.name, "InvalidLaunchTemplateId.VersionNotFound");
});

Deno.test("DescribeLaunchTemplates finds launch templates by name, id and version, and a request can delete them", async () => {
  await using it = await open();
  const { LaunchTemplates } = await it.ec2.send(
    new DescribeLaunchTemplatesCommand({ LaunchTemplateNames: ["node"] }),
  );
  assertEquals(LaunchTemplates?.map((each) => [each.LaunchTemplateId, each.LatestVersionNumber]), [[
    it.id,
    1,
  ]]);
  const { LaunchTemplateVersions } = await it.ec2.send(
    new DescribeLaunchTemplateVersionsCommand({ LaunchTemplateId: it.id, Versions: ["$Latest"] }),
  );
  const data = LaunchTemplateVersions?.[0]?.LaunchTemplateData;
  assertEquals([data?.ImageId, data?.InstanceType, data?.UserData, data?.SecurityGroupIds], [
    DATA.ImageId,
    "t3.small",
    USER_DATA,
    [...DATA.SecurityGroupIds],
  ]);
  assertEquals(tags(data?.TagSpecifications?.[0]?.Tags), { team: "web", Name: "template's" });

  await it.ec2.send(new DeleteLaunchTemplateCommand({ LaunchTemplateName: "node" }));
  const byName = await assertRejects(() => it.run(), Error);
  assertEquals(byName.name, "InvalidLaunchTemplateName.NotFoundException");
  const byId = await assertRejects(() => it.run({ LaunchTemplate: { LaunchTemplateId: it.id } }), Error);
  assertEquals(byId.name, "InvalidLaunchTemplateId.NotFound");
  const all = await it.ec2.send(new DescribeLaunchTemplatesCommand({}));
  assertEquals(all.LaunchTemplates, []);
});

Deno.test("RunInstances returns the same instance for the same client token, and rejects the token with different parameters", async () => {
  await using it = await open();
  const [first] = await it.run({ ClientToken: "one" });
  // The repeated call returns the earlier launch, whatever happened to its template.
  await it.ec2.send(new DeleteLaunchTemplateCommand({ LaunchTemplateName: "node" }));
  const [again] = await it.run({ ClientToken: "one" });
  assertEquals(again?.InstanceId, first?.InstanceId);
  const error = await assertRejects(() => it.run({ ClientToken: "one", InstanceType: "t3.large" }), Error);
  assertEquals(error.name, "IdempotentParameterMismatch");
  assertEquals(it.sandbox.account.instances().length, 1);
});

Deno.test("RunInstances launches in the subnet's zone, and fails for a template without capacity", async () => {
  await using it = await open();
  const [a] = await it.run({ SubnetId: "subnet-00000000000000001" });
  const [b] = await it.run({ SubnetId: "subnet-00000000000000002" });
  assertNotEquals(a?.Placement?.AvailabilityZone, b?.Placement?.AvailabilityZone);
  assertEquals([a?.SubnetId, b?.SubnetId], ["subnet-00000000000000001", "subnet-00000000000000002"]);
  it.sandbox.faults.set("no-capacity=node");
  const error = await assertRejects(() => it.run(), Error);
  assertEquals(error.name, "InsufficientInstanceCapacity");
  assertEquals(it.sandbox.account.instances().length, 2);
});
