/**
 * A case of the contract between kas and AWS.
 *
 * @module
 */
import { type Ec2Instance, findInstance } from "../../../src/aws/ec2/instances.ts";
import { launchInstances } from "../../../src/aws/ec2/launch.ts";
import type { Role } from "../../../src/scaling/model/instance.ts";
import { eventually } from "../../support/kas.ts";
import type { Backend } from "./backends.ts";

/**
 * A case of the contract. It asserts behaviour that AWS and both backends have. If a backend differs from AWS, the case
 * says so.
 */
export interface Case {
  readonly name: string;
  /**
   * @param fleet the case's own fleet, whose name is also valid for a load balancer and a topic
   */
  readonly run: (backend: Backend, fleet: string) => Promise<void>;
}

/** Launches instances of a fleet and waits until they run. */
export async function launch(
  { aws, image }: Backend,
  fleet: string,
  role: Role,
  count: number,
  keyName?: string,
): Promise<Ec2Instance[]> {
  const key = keyName === undefined ? {} : { keyName };
  const launched = await launchInstances(aws, { fleet, role, count, image, type: "t3.micro", ...key });
  return await Promise.all(launched.map(({ id }) => settled({ aws }, id, "running")));
}

/** Waits until an instance is in a state. */
export async function settled(
  { aws }: Pick<Backend, "aws">,
  id: string,
  state: Ec2Instance["state"],
): Promise<Ec2Instance> {
  const found = await eventually(() => findInstance(aws, id), (found) => found?.state === state);
  if (found === undefined) throw new Error(`there is no ${id}`);
  return found;
}
