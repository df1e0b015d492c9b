import { DescribeInstanceHealthCommand } from "@aws-sdk/client-elastic-load-balancing";
import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { UnreachableError } from "../../../../src/aws/errors.ts";
import { readHealthPage } from "../../../../src/aws/balancing/health_page.ts";
import { query, wire } from "../wire.ts";

const ACTION = "DescribeInstanceHealth";

/** An answer of ELB's that lists these elements. */
function answer(members: readonly string[]): Promise<string> {
  return query(ACTION, `<InstanceStates>${members.join("\n")}</InstanceStates>`).text();
}

function element([name, text]: readonly [name: string, text: string]): string {
  const plain = text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
  return `<${name}>${plain}</${name}>`;
}

Deno.test("readHealthPage() reads of every instance what the SDK's own reading of the same answer comes to", async () => {
  const text = fc.string({ unit: "grapheme-ascii", maxLength: 20 }).filter((it) => it.trim() === it);
  const names = ["InstanceId", "State", "ReasonCode", "Description", "SomethingNew"];
  const member = fc.shuffledSubarray(names)
    .chain((some) => fc.tuple(...some.map((name) => fc.tuple(fc.constant(name), text))))
    .map((all) => `<member>${all.map(element).join("\n")}</member>`);
  let page = "";
  await using server = wire(() => new Response(page));
  const client = await server.aws.elb();
  await fc.assert(
    fc.asyncProperty(fc.array(member, { maxLength: 5 }), async (members) => {
      page = await answer(members);
      const { InstanceStates } = await client.send(
        new DescribeInstanceHealthCommand({ LoadBalancerName: "kas" }),
      );
      assertEquals(readHealthPage(page), InstanceStates);
    }),
    { numRuns: 200 },
  );
});

Deno.test("readHealthPage() refuses every beginning of an answer, so that some instances are never told for all of them", async () => {
  const whole = await answer(["i-1", "i-2"].map((id) => `<member>${element(["InstanceId", id])}</member>`));
  assertEquals(readHealthPage(whole), [{ InstanceId: "i-1" }, { InstanceId: "i-2" }]);
  for (let length = 0; length < whole.length; length++) {
    assertThrows(
      () => readHealthPage(whole.slice(0, length)),
      UnreachableError,
      "ELB's answer can't be read",
    );
  }
});

Deno.test("readHealthPage() refuses another action's answer, and one without a list", async () => {
  const other = await query("DescribeLoadBalancers", "<InstanceStates/>").text();
  assertThrows(() => readHealthPage(other), UnreachableError, "it is <DescribeLoadBalancersResponse>");
  const none = await query(ACTION, "").text();
  assertThrows(() => readHealthPage(none), UnreachableError, "it holds no list of instances");
});
