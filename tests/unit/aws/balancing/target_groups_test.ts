import { assert, assertEquals, assertRejects } from "@std/assert";
import { balancerRegistrar } from "../../../../src/autoscaler/registrar/balancer_registrar.ts";
import {
  balancerRef,
  deregister,
  health,
  partsOf,
  register,
} from "../../../../src/aws/balancing/balancer.ts";
import { code } from "../../../../src/aws/errors.ts";
import { query, queryError, wire } from "../wire.ts";

const arnOf = (name: string) =>
  `arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/${name}/0123456789abcdef`;
const BOTH = balancerRef({ fleet: "kas", targetGroup: [arnOf("web"), arnOf("admin")] });
const { signal } = new AbortController();

/** The states of targets by group and id. A group that is `away` gives no answer. */
type Groups = Record<string, Record<string, string> | "away">;

/** ELB with these target groups. A registered target is healthy at once, and a deregistered target is gone at once. */
function elb(groups: Groups) {
  return wire(({ action, input }) => {
    const name = String(input.TargetGroupArn).split("/")[1] ?? "";
    const group = groups[name];
    if (group === undefined) return queryError("TargetGroupNotFound", "there is none");
    if (group === "away") return queryError("ServiceUnavailable", "later", 503);
    if (action === "DescribeTargetHealth") {
      const members = Object.entries(group).map(([id, state]) =>
        `<member><Target><Id>${id}</Id><Port>80</Port></Target><TargetHealth><State>${state}</State></TargetHealth></member>`
      );
      return query(action, `<TargetHealthDescriptions>${members.join("")}</TargetHealthDescriptions>`);
    }
    for (let i = 1; input[`Targets.member.${i}.Id`] !== undefined; i++) {
      const id = String(input[`Targets.member.${i}.Id`]);
      if (action === "RegisterTargets") group[id] = "healthy";
      else delete group[id];
    }
    return query(action, "");
  });
}

const registrationOf = async (groups: Groups) => {
  await using server = elb(groups);
  const [found] = await health(server.aws, BOTH);
  return found?.registration ?? "none";
};

for (
  const [web, admin, expected] of [
    ["healthy", "healthy", "in-service"],
    ["healthy", "unhealthy", "out-of-service"],
    ["initial", "healthy", "out-of-service"],
    ["healthy", "draining", "out-of-service"],
    ["draining", "draining", "draining"],
    // The target of the other group has already drained.
    ["draining", undefined, "draining"],
    ["healthy", undefined, "out-of-service"],
    ["unhealthy", undefined, "out-of-service"],
    [undefined, undefined, "none"],
  ] as const
) {
  Deno.test(`an instance that is ${web ?? "missing"} in one group and ${admin ?? "missing"} in the other is ${expected}`, async () => {
    const group = (state: string | undefined): Record<string, string> =>
      state === undefined ? {} : { "i-1": state };
    assertEquals(await registrationOf({ web: group(web), admin: group(admin) }), expected);
    assertEquals(await registrationOf({ web: group(admin), admin: group(web) }), expected);
  });
}

Deno.test("the health of an instance names the group in which the instance is missing", async () => {
  await using server = elb({ web: { "i-1": "healthy" }, admin: {} });
  const [found] = await health(server.aws, BOTH);
  assertEquals(found?.missing, ["admin"]);
  assert(found?.description.includes("admin") && !found.description.includes("web"), found?.description);
});

Deno.test("a group that gives no answer does not make an instance look missing", async () => {
  await using server = elb({ web: { "i-1": "healthy" }, admin: "away" });
  await assertRejects(() => health(server.aws, BOTH));
});

Deno.test("a group that does not exist fails as not found", async () => {
  await using server = elb({ web: { "i-1": "healthy" } });
  assertEquals(code(await assertRejects(() => health(server.aws, BOTH))), "TargetGroupNotFound");
});

Deno.test("an instance is registered with all groups, and deregistered from all groups", async () => {
  const groups: Groups = { web: {}, admin: {} };
  await using server = elb(groups);
  await register(server.aws, BOTH, "i-1");
  assertEquals(groups, { web: { "i-1": "healthy" }, admin: { "i-1": "healthy" } });
  await deregister(server.aws, BOTH, "i-1");
  assertEquals(groups, { web: {}, admin: {} });
});

Deno.test("an instance stays registered with all groups if its precondition does not hold", async () => {
  const groups: Groups = { web: { "i-1": "healthy" }, admin: { "i-1": "healthy" } };
  await using server = elb(groups);
  const reason = new Error("the fleet needs it");
  await assertRejects(() => deregister(server.aws, BOTH, "i-1", signal, () => Promise.reject(reason)));
  assertEquals(groups, { web: { "i-1": "healthy" }, admin: { "i-1": "healthy" } });
});

Deno.test("each group is a balancer of its own, with its own name", () => {
  assertEquals(partsOf(BOTH).map(({ name }) => name), ["web", "admin"]);
  assertEquals(partsOf({ kind: "classic", name: "kas" }), [{ kind: "classic", name: "kas" }]);
});

Deno.test("kas registers instances with a group that is new in the settings at once", async () => {
  const groups: Groups = { web: { "i-1": "healthy", "i-2": "healthy", "i-3": "healthy" }, admin: {} };
  await using server = elb(groups);
  const registrar = balancerRegistrar(server.aws, BOTH);
  assertEquals(await registrar.complete(["i-1", "i-2"], signal), ["i-1", "i-2"]);
  assertEquals(groups.admin, { "i-1": "healthy", "i-2": "healthy" });
});

Deno.test("kas registers an instance that somebody deregistered from one group when a second look shows the same", async () => {
  const groups = { web: { "i-1": "healthy" }, admin: { "i-1": "healthy" } as Record<string, string> };
  await using server = elb(groups);
  const registrar = balancerRegistrar(server.aws, BOTH);
  assertEquals(await registrar.complete(["i-1"], signal), []);
  delete groups.admin["i-1"];
  assertEquals(await registrar.complete(["i-1"], signal), []);
  assertEquals(await registrar.complete(["i-1"], signal), ["i-1"]);
  assertEquals(groups.admin, { "i-1": "healthy" });
});

Deno.test("kas asks AWS for incomplete registrations only if the fleet has several groups and an instance is out of service", async () => {
  await using server = elb({ web: {}, admin: {} });
  await balancerRegistrar(server.aws, BOTH).complete([], signal);
  await balancerRegistrar(server.aws, balancerRef({ fleet: "kas", targetGroup: [arnOf("web")] })).complete([
    "i-1",
  ], signal);
  await balancerRegistrar(server.aws, balancerRef({ fleet: "kas" })).complete(["i-1"], signal);
  assertEquals(server.calls, []);
});
