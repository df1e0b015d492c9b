import { assertEquals } from "@std/assert";
import { addressOf, instanceOf, operatorsAddress } from "../../../../src/aws/ec2/ec2_instance.ts";
import { readInstancePage } from "../../../../src/aws/sdk/instance_page.ts";

/** The addresses of an instance with these elements in EC2's answer. */
function addresses(elements: string) {
  const { instances: [found = {}] } = readInstancePage(
    "<DescribeInstancesResponse><reservationSet><item><instancesSet><item>" +
      `<instanceId>i-1</instanceId>${elements}</item></instancesSet></item></reservationSet></DescribeInstancesResponse>`,
  );
  const instance = instanceOf(found, "kas");
  const [first, second, third] = (["private", "public", "ipv6"] as const).map((kind) =>
    addressOf(instance, kind)
  );
  return [first, second, third, operatorsAddress(instance)];
}

const PRIVATE = "<privateIpAddress>10.0.0.7</privateIpAddress>";
const PUBLIC = "<ipAddress>203.0.113.7</ipAddress><dnsName>ec2.example</dnsName>";
const IPV6 = "<ipv6Address>2001:db8::7</ipv6Address>";

for (
  const [what, elements, expected] of [
    ["a private address", PRIVATE, ["10.0.0.7", undefined, undefined, "10.0.0.7"]],
    ["a public address", PRIVATE + PUBLIC, ["10.0.0.7", "203.0.113.7", undefined, "ec2.example"]],
    ["all kinds of addresses", PRIVATE + PUBLIC + IPV6, [
      "10.0.0.7",
      "203.0.113.7",
      "2001:db8::7",
      "ec2.example",
    ]],
    ["an IPv6 address only", IPV6, ["2001:db8::7", undefined, "2001:db8::7", "2001:db8::7"]],
    [
      "an IPv6 address at its network interface",
      `${PRIVATE}<networkInterfaceSet><item><ipv6AddressesSet><item><ipv6Address>2001:db8::8</ipv6Address></item>` +
      "</ipv6AddressesSet></item></networkInterfaceSet>",
      ["10.0.0.7", undefined, "2001:db8::8", "10.0.0.7"],
    ],
    ["no address", "<ipv6Address/>", [undefined, undefined, undefined, undefined]],
  ] as const
) {
  Deno.test(`the private, public, IPv6 and operator's address of an instance with ${what}`, () => {
    assertEquals(addresses(elements), [...expected]);
  });
}
