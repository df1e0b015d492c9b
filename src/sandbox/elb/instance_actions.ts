/**
 * Classic ELB's API actions that register and deregister instances and describe their health. Source: ELB API 2012-06-01, and
 * observed behaviour of AWS where the reference does not specify the behaviour.
 *
 * @module
 */
import { vpcOf } from "../ec2/zones.ts";
import { AwsError, type Service, type Shape } from "../wire/action.ts";
import { validationError } from "../wire/input.ts";
import type { ElbOptions } from "./options.ts";
import { readInstanceIds, requestedBalancer } from "./request.ts";
import { healthShape } from "./shapes.ts";

/** Returns Classic ELB's API actions on instances. */
export function instanceActions(
  { account, balancers, faults }: ElbOptions,
  register: (name: string, id: string) => void,
): Service {
  const requiredInstanceIds = (input: Shape): string[] => {
    const ids = readInstanceIds(input);
    if (ids.length === 0) throw validationError("Instances must have at least one instance");
    return ids;
  };

  const registeredInstances = (name: string): Shape => ({
    Instances: Array.from(account.current.balancers.get(name)?.registrations ?? [])
      .filter(([, phase]) => phase !== "draining")
      .map(([InstanceId]) => ({ InstanceId })),
  });

  return {
    RegisterInstancesWithLoadBalancer: (input) => {
      const { name, vpc } = requestedBalancer(account.current, input);
      const ids = requiredInstanceIds(input);
      for (const id of ids) {
        const { state, subnet } = account.current.instances.get(id) ?? {};
        if (state === undefined || state === "terminated" || state === "shutting-down") {
          throw invalidInstance(id);
        }
        if (vpcOf(subnet) !== vpc) {
          throw new AwsError("InvalidInstance", `EC2 instance ${id} is not in the same VPC as ELB.`);
        }
      }
      for (const id of ids) register(name, id);
      return registeredInstances(name);
    },

    DeregisterInstancesFromLoadBalancer: (input) => {
      const { name, registrations, previouslyRegistered } = requestedBalancer(account.current, input);
      const ids = requiredInstanceIds(input);
      // ELB rejects the deregistration of an instance that was never registered. It accepts an instance that was registered earlier.
      const unknown = ids.find((id) => !registrations.has(id) && !previouslyRegistered.has(id));
      if (unknown !== undefined) throw invalidInstance(unknown);
      for (const id of ids) {
        const phase = account.current.balancers.get(name)?.registrations.get(id);
        if (phase !== undefined && phase !== "draining") balancers.proxy(name)?.drain(id);
      }
      return registeredInstances(name);
    },

    DescribeInstanceHealth: (input) => {
      const snapshot = account.snapshotAgo(faults.readAge());
      const balancer = requestedBalancer(snapshot, input);
      const requested = readInstanceIds(input);
      for (const id of requested) if (!snapshot.instances.has(id)) throw invalidInstance(id);
      const ids = requested.length > 0 ? requested : [...balancer.registrations.keys()];
      return { InstanceStates: ids.map((id) => healthShape(id, balancer, snapshot.instances.get(id))) };
    },
  };
}

function invalidInstance(id: string): AwsError {
  return new AwsError("InvalidInstance", `Could not find EC2 instance ${id}.`);
}
