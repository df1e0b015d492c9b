/**
 * Creates the initial account of a sandbox: a fleet with one running base instance and stopped nodes, a load balancer and a topic.
 *
 * @module
 */
import type { Ec2 } from "./ec2/service.ts";
import type { Elb } from "./elb/service.ts";
import type { Lifecycle } from "./ec2/lifecycle.ts";
import { INSTANCE_PORT } from "./machines/machine.ts";
import type { Service } from "./wire/action.ts";

/** The services to seed, and the size of the fleet. */
export interface SeedOptions {
  readonly ec2: Ec2;
  readonly elb: Elb;
  readonly sns: Service;
  readonly lifecycle: Lifecycle;
  readonly fleet: string;
  readonly nodes: number;
  readonly zones: readonly string[];
  /** Time of the seeding in ms since the epoch. */
  readonly now: number;
}

/** Fills the account with the initial fleet. The base instance has the id i-00000000000000001; the ids of the nodes follow. */
export async function seed(
  { ec2, elb, sns, lifecycle, fleet, nodes, zones, now }: SeedOptions,
): Promise<void> {
  const tags = (role: string, name: string) => ({
    Name: `${fleet}-${name}`,
    "kas:fleet": fleet,
    "kas:role": role,
  });
  const zone = (index: number) => zones[index % zones.length] ?? "";

  elb.create({
    name: fleet,
    zones,
    listeners: [{
      protocol: "HTTP",
      port: INSTANCE_PORT,
      instanceProtocol: "HTTP",
      instancePort: INSTANCE_PORT,
    }],
    // These are the shortest interval and timeout and the lowest thresholds that ELB allows.
    healthCheck: {
      target: `HTTP:${INSTANCE_PORT}/ping`,
      interval: 5,
      timeout: 2,
      unhealthyThreshold: 2,
      healthyThreshold: 2,
    },
    attributes: { crossZone: true, draining: true, drainingTimeout: 300, idleTimeout: 60 },
    tags: { "kas:fleet": fleet },
  });
  const base = ec2.create({ zone: zone(0), keyName: fleet, tags: tags("base", "base") });
  lifecycle.startWithoutBoot(base.id);
  elb.register(fleet, base.id);

  for (let n = 1; n <= nodes; n++) {
    // kas starts the node that was stopped earliest, so node 1 must be the next node that kas starts.
    const stopped = new Date(now - (nodes - n + 1) * 60_000).toISOString().slice(0, 19).replace("T", " ");
    ec2.create({
      zone: zone(n),
      keyName: fleet,
      tags: tags("node", `node-${n}`),
      launchedAt: now - 3_600_000,
      hasRun: true,
      transitionReason: `User initiated (${stopped} GMT)`,
      stateReason: {
        code: "Client.UserInitiatedShutdown",
        message: "Client.UserInitiatedShutdown: User initiated shutdown",
      },
    });
  }
  await sns["CreateTopic"]?.({ Name: fleet, Attributes: { SignatureVersion: "2" } });
}
