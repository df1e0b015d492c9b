/**
 * Launches from launch templates on each backend: `kas admin instances create` with all its flags, and the autoscaler's
 * launch, which EC2 makes only once per client token.
 *
 * @module
 */
import {
  CreateLaunchTemplateCommand,
  CreateLaunchTemplateVersionCommand,
  DescribeInstanceAttributeCommand,
  DescribeInstancesCommand,
} from "@aws-sdk/client-ec2";
import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { code } from "../../../src/aws/errors.ts";
import { fleetInstances, instanceTags } from "../../../src/aws/ec2/instances.ts";
import { launchInstances } from "../../../src/aws/ec2/launch.ts";
import { kas } from "./admin.ts";
import type { Backend } from "./backends.ts";
import { type Case, settled } from "./cases.ts";

/** Creates a launch template with two versions, t3.micro (the default) and t3.small. Returns its id. */
async function template({ aws, image }: Backend, name: string): Promise<string> {
  const ec2 = await aws.ec2();
  const data = (InstanceType: "t3.micro" | "t3.small") => ({
    ImageId: image,
    InstanceType,
    UserData: btoa("from the template"),
    TagSpecifications: [{ ResourceType: "instance" as const, Tags: [{ Key: "team", Value: "web" }] }],
  });
  const { LaunchTemplate } = await ec2.send(
    new CreateLaunchTemplateCommand({ LaunchTemplateName: name, LaunchTemplateData: data("t3.micro") }),
  );
  await ec2.send(
    new CreateLaunchTemplateVersionCommand({
      LaunchTemplateName: name,
      LaunchTemplateData: data("t3.small"),
    }),
  );
  return LaunchTemplate?.LaunchTemplateId ?? "";
}

async function userData({ aws }: Backend, InstanceId: string): Promise<string> {
  const { UserData } = await (await aws.ec2()).send(
    new DescribeInstanceAttributeCommand({ InstanceId, Attribute: "userData" }),
  );
  return atob(UserData?.Value ?? "");
}

export const LAUNCH_CASES: readonly Case[] = [
  {
    name:
      "launchInstances() takes a launch template by name, id and version, and adds the fleet's tags to the template's",
    run: async (backend, fleet) => {
      const { aws } = backend;
      const id = await template(backend, fleet);
      const types = [];
      for (const launchTemplate of [fleet, id, `${fleet}:2`, `${id}:$Latest`, `${fleet}:$Default`]) {
        const [launched] = await launchInstances(aws, { fleet, role: "node", count: 1, launchTemplate });
        types.push((await settled(backend, launched?.id ?? "", "running")).type);
        const tags = (await instanceTags(aws, [launched?.id ?? ""])).get(launched?.id ?? "") ?? {};
        assertEquals(tags["aws:ec2launchtemplate:id"], id);
        assertEquals(Object.fromEntries(Object.entries(tags).filter(([key]) => !key.startsWith("aws:"))), {
          "kas:fleet": fleet,
          "kas:role": "node",
          "Name": `${fleet}_node`,
          "team": "web",
        });
        assertEquals(await userData(backend, launched?.id ?? ""), "from the template");
      }
      assertEquals(types, ["t3.micro", "t3.micro", "t3.small", "t3.small", "t3.micro"]);
    },
  },
  {
    name: "launchInstances() launches once per client token",
    run: async (backend, fleet) => {
      await template(backend, fleet);
      const wanted = {
        fleet,
        role: "node",
        count: 1,
        launchTemplate: fleet,
        token: `token of ${fleet}`,
      } as const;
      const first = await launchInstances(backend.aws, wanted);
      const again = await launchInstances(backend.aws, wanted);
      // moto ignores client tokens.
      if (backend.name === "moto") return assertEquals(again.length, 1);
      assertEquals(again.map(({ id }) => id), first.map(({ id }) => id));
      assertEquals((await Array.fromAsync(fleetInstances(backend.aws, { fleet }))).length, 1);
    },
  },
  {
    name: "launchInstances() throws EC2's error for an unknown launch template",
    run: async ({ aws }, fleet) => {
      const wanted = { fleet, role: "node", count: 1 } as const;
      const byName = await assertRejects(() =>
        launchInstances(aws, { ...wanted, launchTemplate: `${fleet}-no` })
      );
      assertEquals(code(byName), "InvalidLaunchTemplateName.NotFoundException");
    },
  },
  {
    name: "instances create has flags that take precedence over the launch template",
    run: async (backend, fleet) => {
      await template(backend, fleet);
      const { subnet, securityGroup } = await backend.network();
      const file = await Deno.makeTempFile();
      try {
        await Deno.writeTextFile(file, "#cloud-config\n# \u00fcber\n");
        const created = await kas(
          backend,
          fleet,
          ...["instances", "create", "--count", "2", "--role", "base", "--launch-template", fleet],
          ...[
            "--type",
            "t3.small",
            "--subnet",
            subnet,
            "--security-group",
            securityGroup,
            "--user-data",
            file,
          ],
        );
        assertEquals([created.status, created.stderr], [0, ""]);
        assertEquals(created.rows.map(({ name }) => name), [`${fleet}_base`, `${fleet}_base`]);
        for (const { id } of created.rows) {
          const InstanceIds = [String(id)];
          await settled(backend, String(id), "running");
          const { Reservations } = await (await backend.aws.ec2()).send(
            new DescribeInstancesCommand({ InstanceIds }),
          );
          const found = Reservations?.[0]?.Instances?.[0];
          assertEquals(
            [found?.InstanceType, found?.SubnetId, found?.SecurityGroups?.map(({ GroupId }) => GroupId)],
            ["t3.small", subnet, [securityGroup]],
          );
          const bytes = Uint8Array.from(await userData(backend, String(id)), (it) => it.charCodeAt(0));
          assertEquals(new TextDecoder().decode(bytes), "#cloud-config\n# \u00fcber\n");
          const tags = await kas(backend, fleet, "instances", "tags", String(id));
          const own = tags.rows.map(({ key, value }) => `${key}=${value}`).filter((it) =>
            !it.startsWith("aws:")
          );
          assertEquals(own.sort(), [
            `Name=${fleet}_base`,
            `kas:fleet=${fleet}`,
            "kas:role=base",
            "team=web",
          ]);
        }
      } finally {
        await Deno.remove(file);
      }
    },
  },
  {
    name: "instances create with an unknown launch template launches nothing",
    run: async (backend, fleet) => {
      const refused = await kas(backend, fleet, "instances", "create", "--launch-template", `${fleet}-no`);
      assertEquals([refused.status, refused.rows], [1, []]);
      assertStringIncludes(refused.stderr, "InvalidLaunchTemplateName.NotFoundException");
      assertEquals((await kas(backend, fleet, "instances")).rows, []);
    },
  },
];
