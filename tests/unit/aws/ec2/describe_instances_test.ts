import { DescribeInstancesCommand } from "@aws-sdk/client-ec2";
import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import fc from "fast-check";
import { UnreachableError } from "../../../../src/aws/errors.ts";
import { describeInstances } from "../../../../src/aws/ec2/describe_instances.ts";
import { instanceOf, tagsOf } from "../../../../src/aws/ec2/ec2_instance.ts";
import { readInstancePage } from "../../../../src/aws/sdk/instance_page.ts";
import { ec2, wire } from "../wire.ts";

/** An answer of EC2. */
function answer(elements: string): string {
  return `<?xml version="1.0" encoding="UTF-8"?>
<DescribeInstancesResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>r</requestId>${elements}</DescribeInstancesResponse>`;
}

/** An element and one of the ways to write its text. */
type Written = readonly [name: string, text: string, way: number];

/** Writes the text plain, with character references, as CDATA or after a comment. */
function element([name, text, way]: Written): string {
  const plain = text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
  const ways = [
    plain,
    Array.from(text, (it) => (it.length === 1 ? `&#${it.charCodeAt(0)};` : it)).join(""),
    `<![CDATA[${text.replaceAll("]]>", "]] >")}]]>`,
    `<!-- <${name}> -->${plain}`,
  ];
  const content = ways[text.includes("]]>") ? 0 : way % ways.length] ?? "";
  return text === "" && way % 2 === 0 ? `<${name}/>` : `<${name}>${content}</${name}>`;
}

Deno.test("describeInstances() and the AWS SDK read the same instances from the same response", async () => {
  const text = fc.string({ unit: "grapheme-ascii", maxLength: 20 }).filter((it) => it.trim() === it);
  const written = (name: string) => fc.tuple(fc.constant(name), text, fc.nat(7)).map(element);
  const maybe = (one: fc.Arbitrary<string>) => fc.option(one, { nil: "", freq: 5 });
  const within = (name: string, parts: fc.Arbitrary<string>[]) =>
    fc.tuple(...parts.map(maybe)).map((all) => `<${name}>${all.join("")}</${name}>`);
  const time = fc.date({ min: new Date(0), max: new Date("2100-01-01"), noInvalidDate: true });
  const tag = fc.tuple(written("key"), written("value")).map((all) => `<item>${all.join("")}</item>`);
  const group = written("groupId").map((id) => `<item>${id}<groupName>default</groupName></item>`);
  const others = [
    "<networkInterfaceSet><item><tagSet><item><key>not</key><value>ours</value></item></tagSet><instanceId>x</instanceId>" +
    "</item></networkInterfaceSet>",
    "<somethingNew><instanceId>i-0</instanceId><item/></somethingNew>",
    "<productCodes/>",
  ];
  const parts = [
    ...[
      "instanceId",
      "imageId",
      "reason",
      "keyName",
      "instanceType",
      "privateIpAddress",
      "ipAddress",
      "ipv6Address",
      "dnsName",
    ].map(
      written,
    ),
    within("instanceState", [fc.constant("<code>16</code>"), written("name")]),
    within("monitoring", [
      fc.constantFrom("enabled", "disabled", "pending").map((it) => `<state>${it}</state>`),
    ]),
    within("stateReason", [written("code"), written("message")]),
    within("placement", [written("availabilityZone"), written("tenancy")]),
    time.map((at) => `<launchTime>${at.toISOString()}</launchTime>`),
    fc.array(tag, { maxLength: 4 }).map((all) => `<tagSet>${all.join("\n")}</tagSet>`),
    fc.array(group, { maxLength: 2 }).map((all) => `<groupSet>${all.join("\n")}</groupSet>`),
    ...others.map((other) => fc.constant(other)),
  ];
  const instance = fc.tuple(...parts.map(maybe))
    .chain((all) => fc.shuffledSubarray(all, { minLength: all.length }))
    .map((all) => `<item>${all.join("")}</item>`);
  const reservation = fc.array(instance, { maxLength: 3 })
    .map((all) =>
      `<item><reservationId>r-1</reservationId><instancesSet>${all.join("")}</instancesSet></item>`
    );
  const pages = fc.array(reservation, { maxLength: 3 })
    .map((all) => answer(`<reservationSet>${all.join("")}</reservationSet>`));

  let page = "";
  await using server = wire(() => new Response(page));
  const client = await server.aws.ec2();
  await fc.assert(
    fc.asyncProperty(pages, async (text) => {
      page = text;
      const { Reservations = [] } = await client.send(new DescribeInstancesCommand({}));
      const expected = Reservations.flatMap(({ Instances = [] }) => Instances);
      const found = await Array.fromAsync(describeInstances(server.aws, {}));
      assertEquals(found.map((it) => instanceOf(it, "kas")), expected.map((it) => instanceOf(it, "kas")));
      assertEquals(found.map(tagsOf), expected.map(tagsOf));
    }),
    { numRuns: 200 },
  );
});

Deno.test("readInstancePage() rejects a page that is truncated at any character", () => {
  const item = (id: string) =>
    `<item><instancesSet><item><instanceId>${id}</instanceId></item></instancesSet></item>`;
  const page = answer(
    `<reservationSet>${item("i-1")}${item("i-2")}</reservationSet><nextToken>t</nextToken>`,
  );
  const { instances, token } = readInstancePage(page);
  assertEquals([instances.map(({ InstanceId }) => InstanceId), token], [["i-1", "i-2"], "t"]);
  for (let length = 0; length < page.length; length++) {
    assertThrows(() => readInstancePage(page.slice(0, length)), UnreachableError);
  }
});

for (
  const [what, body] of [
    ["an empty body", ""],
    ["an HTML page", "<html><body><p>Sign in<br></body></html>"],
    ["the answer to another action", "<StopInstancesResponse/>"],
    ["JSON", "{}"],
    ["an answer with an invalid launch time", answer(listing("<launchTime>today</launchTime>"))],
  ] as const
) {
  Deno.test(`describeInstances() repeats a request if the response is ${what}, and fails after three attempts`, async () => {
    await using server = wire(() => new Response(body));
    await assertRejects(() => Array.fromAsync(describeInstances(server.aws, {})), UnreachableError);
    assertEquals(server.calls.length, 3);
  });
}

Deno.test("describeInstances() treats an empty token as the end of the list", async () => {
  await using server = wire(({ action }) => ec2(action, `${listing("")}<nextToken/>`));
  assertEquals((await Array.fromAsync(describeInstances(server.aws, {}))).length, 1);
  assertEquals(server.calls.length, 1);
});

/** A list of one instance. */
function listing(elements: string): string {
  return `<reservationSet><item><instancesSet><item>${elements}</item></instancesSet></item></reservationSet>`;
}
