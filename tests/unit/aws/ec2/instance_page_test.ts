import { DescribeInstancesCommand, type Instance } from "@aws-sdk/client-ec2";
import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import fc from "fast-check";
import { UnreachableError } from "../../../../src/aws/errors.ts";
import { readPage } from "../../../../src/aws/ec2/instance_page.ts";
import { fleetInstances } from "../../../../src/aws/ec2/instances.ts";
import { ec2, wire } from "../wire.ts";

/** A document as EC2 answers with it. */
function answer(elements: string): string {
  return `<?xml version="1.0" encoding="UTF-8"?>
<DescribeInstancesResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>r</requestId>${elements}</DescribeInstancesResponse>`;
}

/** An element that is written in one of the ways in which the same text may be written. */
type Written = readonly [name: string, text: string, way: number];

/** A text written plain, with references, as CDATA, or in two parts with a comment between them. */
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

/** What kas looks at of an instance as the SDK reads it. */
function looked({ InstanceId, State, StateReason, Placement, Tags, ...rest }: Instance): Instance {
  const { StateTransitionReason, KeyName, InstanceType, PrivateIpAddress, PublicIpAddress, PublicDnsName } =
    rest;
  const { LaunchTime, ImageId, SecurityGroups } = rest;
  const texts = { InstanceId, ImageId, StateTransitionReason, KeyName, InstanceType };
  const addresses = { PrivateIpAddress, PublicIpAddress, PublicDnsName };
  const all = {
    ...texts,
    ...addresses,
    LaunchTime,
    ...(State === undefined ? {} : { State: State.Name === undefined ? {} : { Name: State.Name } }),
    ...(StateReason === undefined ? {} : {
      StateReason: StateReason.Message === undefined ? {} : { Message: StateReason.Message },
    }),
    ...(Placement === undefined ? {} : {
      Placement: Placement.AvailabilityZone === undefined
        ? {}
        : { AvailabilityZone: Placement.AvailabilityZone },
    }),
    Tags,
    SecurityGroups: SecurityGroups?.map(({ GroupId }) => GroupId === undefined ? {} : { GroupId }),
  };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}

Deno.test("readPage() reads of every instance what the SDK's own reading of the same answer comes to", async () => {
  // The SDK reads no text that has attributes, references beyond the first plane wrong, and space with a line end as nothing.
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
      "dnsName",
    ].map(
      written,
    ),
    within("instanceState", [fc.constant("<code>16</code>"), written("name")]),
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
      assertEquals(
        readPage(text).instances,
        Reservations.flatMap(({ Instances = [] }) => Instances.map(looked)),
      );
    }),
    { numRuns: 200 },
  );
});

Deno.test("readPage() refuses every beginning of a page, so that part of a fleet is never told for all of it", () => {
  const item = (id: string) =>
    `<item><instancesSet><item><instanceId>${id}</instanceId></item></instancesSet></item>`;
  const page = answer(
    `<reservationSet>${item("i-1")}${item("i-2")}</reservationSet><nextToken>t</nextToken>`,
  );
  assertEquals(readPage(page), { instances: [{ InstanceId: "i-1" }, { InstanceId: "i-2" }], next: "t" });
  for (let length = 0; length < page.length; length++) {
    assertThrows(() => readPage(page.slice(0, length)), UnreachableError, "can't be read");
  }
});

for (
  const [what, body, why] of [
    ["nothing", "", "no element"],
    ["a page for people", "<html><body><p>Sign in<br></body></html>", "it is <html>"],
    ["another action's answer", "<StopInstancesResponse/>", "it is <StopInstancesResponse>"],
    ["JSON", "{}", "no element"],
    ["a time that is none", answer(listing("<launchTime>today</launchTime>")), `"today" is no time`],
  ] as const
) {
  Deno.test(`an answer of status 200 that is ${what} is tried again, and then no fleet`, async () => {
    await using server = wire(() => new Response(body));
    const fleet = () => Array.fromAsync(fleetInstances(server.aws, { fleet: "kas" }));
    await assertRejects(fleet, UnreachableError, `EC2's answer can't be read: ${why}`);
    assertEquals(server.calls.length, 3);
  });
}

Deno.test("an empty token ends the listing, as none does", async () => {
  await using server = wire(({ action }) => ec2(action, `${listing("")}<nextToken/>`));
  assertEquals((await Array.fromAsync(fleetInstances(server.aws, { fleet: "kas" }))).length, 1);
  assertEquals(server.calls.length, 1);
});

/** A list of one instance. */
function listing(elements: string): string {
  return `<reservationSet><item><instancesSet><item>${elements}</item></instancesSet></item></reservationSet>`;
}
