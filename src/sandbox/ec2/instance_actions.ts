/**
 * EC2's API actions that launch, start, stop, terminate and monitor instances. Source of states, error codes and messages: EC2
 * API reference, errors-overview, InstanceState.
 *
 * @module
 */
import type { Account } from "../account/account.ts";
import type { Instance } from "../account/instance.ts";
import { AwsError, type Service, type Shape } from "../wire/action.ts";
import { boolean, integer, text } from "../wire/input.ts";
import type { Faults } from "../faults/faults.ts";
import { insufficientCapacity, type Launcher } from "./launch/launcher.ts";
import type { Lifecycle } from "./lifecycle.ts";
import { dryRunSucceeded, missingParameter, requestedInstances } from "./request.ts";
import { reservationShapes, stateShape } from "./shapes.ts";

/** Returns EC2's API actions that change instances. */
export function instanceActions(
  account: Account,
  lifecycle: Lifecycle,
  launcher: Launcher,
  faults: Faults,
): Service {
  /** Earlier RunInstances requests by client token, for idempotency. */
  const earlierRequests = new Map<string, { readonly request: string; readonly reservation: string }>();

  /** Changes the state of all requested instances. If `check` throws for one instance, changes none. */
  const changeState = (
    input: Shape,
    check: (instance: Instance) => void,
    change: (instance: Instance) => void,
  ): Shape[] => {
    const before = requestedInstances(account.current, input);
    if (boolean(input, "DryRun")) throw dryRunSucceeded();
    for (const instance of before) check(instance);
    for (const instance of before) change(instance);
    return before.map(({ id, state }) => ({
      InstanceId: id,
      CurrentState: stateShape(account.current.instances.get(id)?.state ?? state),
      PreviousState: stateShape(state),
    }));
  };

  const setMonitoring = (input: Shape, detailedMonitoring: boolean): Shape => {
    const instances = requestedInstances(account.current, input);
    if (boolean(input, "DryRun")) throw dryRunSucceeded();
    for (const { id } of instances) account.updateInstance(id, { detailedMonitoring });
    const Monitoring = { State: detailedMonitoring ? "enabled" : "disabled" };
    return { InstanceMonitorings: instances.map(({ id }) => ({ InstanceId: id, Monitoring })) };
  };

  return {
    RunInstances: (input) => {
      const least = integer(input, "MinCount", 1, 1_000) ?? missingParameter("MinCount");
      const most = integer(input, "MaxCount", least, 1_000) ?? missingParameter("MaxCount");
      const token = text(input, "ClientToken");
      const request = JSON.stringify(input);
      const earlier = token === undefined ? undefined : earlierRequests.get(token);
      if (earlier !== undefined && earlier.request !== request) {
        throw new AwsError(
          "IdempotentParameterMismatch",
          "The client token was used before, with other parameters",
        );
      }
      if (boolean(input, "DryRun")) {
        if (text(launcher.withTemplate(input).input, "ImageId") === undefined) missingParameter("ImageId");
        throw dryRunSucceeded();
      }
      const reservation = earlier?.reservation ?? launcher.launch(input, most);
      if (token !== undefined) earlierRequests.set(token, { request, reservation });
      const launched = [...account.current.instances.values()].filter((instance) =>
        instance.reservation === reservation
      );
      return reservationShapes(launched)[0];
    },

    StartInstances: (input) => ({
      StartingInstances: changeState(input, (instance) => {
        const { id, state, zone } = instance;
        if (!["stopped", "running", "pending"].includes(state)) throw incorrectState(id, "started");
        if (state === "stopped" && launcher.lacksCapacity(instance)) throw insufficientCapacity(zone);
      }, ({ id, state }) => {
        if (state === "stopped") lifecycle.start(id);
      }),
    }),

    StopInstances: (input) => ({
      StoppingInstances: changeState(input, ({ id, state, hasRun, spotRequest, rootDevice }) => {
        if (state === "pending" && !hasRun) {
          throw new AwsError(
            "IncorrectInstanceState",
            `The instance '${id}' has never reached the 'running' state`,
          );
        }
        if (state === "terminated" || state === "shutting-down") throw incorrectState(id, "stopped");
        if (rootDevice === "instance-store") {
          throw new AwsError(
            "UnsupportedOperation",
            `The instance '${id}' does not have an 'ebs' root device type and cannot be stopped.`,
          );
        }
        if (spotRequest === "one-time") {
          throw new AwsError(
            "UnsupportedOperation",
            `You can't stop the Spot Instance '${id}' because it is associated with a one-time Spot Instance request. ` +
              "You can only stop Spot Instances associated with persistent Spot Instance requests.",
          );
        }
        if (faults.protectedInstances.has(id)) throw protectedInstance(id, "stopped", "disableApiStop");
      }, ({ id, state }) => {
        if (state === "running" || state === "pending") lifecycle.stop(id);
      }),
    }),

    TerminateInstances: (input) => ({
      TerminatingInstances: changeState(input, ({ id }) => {
        if (faults.protectedInstances.has(id)) {
          throw protectedInstance(id, "terminated", "disableApiTermination");
        }
      }, ({ id, state }) => {
        if (state !== "terminated" && state !== "shutting-down") lifecycle.terminate(id);
      }),
    }),

    MonitorInstances: (input) => setMonitoring(input, true),
    UnmonitorInstances: (input) => setMonitoring(input, false),
  };
}

function protectedInstance(id: string, participle: "stopped" | "terminated", attribute: string): AwsError {
  return new AwsError(
    "OperationNotPermitted",
    `The instance '${id}' may not be ${participle}. Modify its '${attribute}' instance attribute and try again.`,
  );
}

function incorrectState(id: string, participle: "started" | "stopped"): AwsError {
  return new AwsError(
    "IncorrectInstanceState",
    `The instance '${id}' is not in a state from which it can be ${participle}.`,
  );
}
