import { assertEquals, assertThrows } from "@std/assert";
import { choices } from "../../../../src/admin/setup/balancer/subnets.ts";
import { ExitError } from "../../../../src/cli/command.ts";
import type { Subnet } from "../../../../src/aws/ec2/network/subnets.ts";

const subnet = (id: string, zone: string, more: Partial<Subnet> = {}): Subnet => ({
  id,
  zone,
  vpc: "vpc-1",
  isDefault: false,
  isPublic: false,
  ...more,
});
const ids = (subnets: readonly Subnet[]) => subnets.map(({ id }) => id);
const PUBLIC = { isPublic: true };
const DEFAULT = { isDefault: true, isPublic: true };

Deno.test("in the default VPC, the load balancer gets the default subnet of each zone, in the order of the zones", () => {
  const subnets = [
    subnet("a", "eu-west-1b", DEFAULT),
    subnet("b", "eu-west-1a", DEFAULT),
    subnet("c", "eu-west-1a", PUBLIC),
    subnet("d", "eu-west-1a"),
  ];
  assertEquals(ids(choices(subnets)), ["b", "a"]);
});

Deno.test("elsewhere, the load balancer gets one public subnet of each zone that has one", () => {
  const subnets = [
    subnet("private", "eu-west-1a"),
    subnet("public", "eu-west-1a", PUBLIC),
    subnet("other", "eu-west-1a", PUBLIC),
    subnet("second", "eu-west-1b", PUBLIC),
    subnet("lonely", "eu-west-1c"),
  ];
  assertEquals(ids(choices(subnets)), ["public", "second"]);
});

Deno.test("the load balancer gets no subnet in a Local Zone", () => {
  const subnets = [subnet("a", "us-west-2-lax-1a", PUBLIC), subnet("b", "us-west-2a", PUBLIC)];
  assertEquals(ids(choices(subnets)), ["b"]);
});

Deno.test("if no subnet is public, the operator has to choose", () => {
  const error = assertThrows(() => choices([subnet("a", "eu-west-1a")]), ExitError);
  assertEquals(String(error.hint).includes("--subnets"), true);
});
