import { assertEquals } from "@std/assert";
import { adminPolicy } from "../../../src/admin/iam/admin_policy.ts";
import { autoscalerPolicy } from "../../../src/admin/iam/autoscaler_policy.ts";
import type { Scope } from "../../../src/admin/iam/policy.ts";

/** The module of src/aws/sdk and IAM's name of the service, by the heading of docs/aws.md. */
const SERVICES = {
  "EC2": ["ec2", "ec2"],
  "Classic Load Balancers": ["elb", "elasticloadbalancing"],
  "Target groups": ["elbv2", "elasticloadbalancing"],
  "CloudWatch": ["cloudwatch", "cloudwatch"],
  "SNS": ["sns", "sns"],
} as const;

async function read(path: string): Promise<string> {
  return await Deno.readTextFile(new URL(`../../../${path}`, import.meta.url));
}

/** The actions in the tables of docs/aws.md, by heading. */
async function actionsOnPage(): Promise<Map<string, string[]>> {
  const sections = (await read("docs/aws.md")).split(/^## /m).slice(1);
  return new Map(sections.map((section) => [
    section.split("\n")[0] ?? "",
    Array.from(section.matchAll(/^\| `([A-Z]\w+)` \|/gm), ([, action = ""]) => action),
  ]));
}

Deno.test("docs/aws.md lists each action that kas calls, once, and no other action", async () => {
  const page = await actionsOnPage();
  for (const [heading, [module]] of Object.entries(SERVICES)) {
    const sdk = await read(`src/aws/sdk/${module}.ts`);
    const used = Array.from(sdk.matchAll(/^ {2}(\w+)Command,$/gm), ([, action]) => action);
    assertEquals(page.get(heading)?.toSorted(), used.toSorted(), heading);
  }
});

Deno.test("each action of docs/aws.md has its limit or says that there is none, and what kas uses it for", async () => {
  const rows = (await read("docs/aws.md")).matchAll(/^\| `([A-Z]\w+)` \| ([^|]+) \| ([^|]+) \|/gm);
  const wrong = Array.from(rows, ([, action, use, limit = ""]) => ({ action, use, limit }))
    .filter(({ use, limit }) => use?.trim() === "" || !/\d.*\/s|none documented/.test(limit));
  assertEquals(wrong, []);
});

Deno.test("the policies allow no action that docs/aws.md does not list", async () => {
  const page = await actionsOnPage();
  const listed = new Set(
    Object.entries(SERVICES).flatMap(([heading, [, iam]]) =>
      (page.get(heading) ?? []).map((action) => `${iam}:${action}`)
    ),
  );
  const scope: Scope = {
    region: "eu-west-1",
    account: "123456789012",
    fleet: "kas",
    balancer: { kind: "classic", name: "kas" },
    topicArn: "arn:aws:sns:eu-west-1:123456789012:kas",
    grow: "lt-0abc",
    shrink: "terminate",
    instanceRole: "kas",
  };
  const arn = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/kas/0123456789abcdef";
  const group = { ...scope, balancer: { kind: "target-groups", name: "kas", arns: [arn] } } as const;
  const made = { ...group, makes: "application" } as const;
  const allowed = [scope, group, made].flatMap((each) => [adminPolicy(each), autoscalerPolicy(each)])
    .flatMap(({ Statement }) => Statement.flatMap(({ Action }) => Action));
  // kas does not call these actions. AWS requires their permissions for other actions.
  const required = new Set(["iam:PassRole", "iam:CreateServiceLinkedRole", "elasticloadbalancing:AddTags"]);
  assertEquals([...new Set(allowed)].filter((action) => !listed.has(action) && !required.has(action)), []);
});
