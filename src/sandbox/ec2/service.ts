/**
 * EC2 of the sandbox: describing, launching, starting, stopping, terminating and tagging instances, with EC2's error codes.
 * Source of states, codes and messages: EC2 API reference, errors-overview, InstanceState.
 *
 * @module
 */
import type { AddressPool } from "../machines/addresses.ts";
import { filtered, instanceFilterValues, paged, reservationShapes, stateShape, statusShape } from "./view.ts";
import { chosen, dryRun, missing, named } from "./request.ts";
import type { Lifecycle } from "./lifecycle.ts";
import { DEFAULT_GROUP, securityGroupActions } from "./security_groups.ts";
import { launchTemplates } from "./launch_templates.ts";
import { tagActions, tagsOf } from "./tags.ts";
import type { Faults } from "../faults.ts";
import { flag, shape, shapes, text, texts, whole } from "../wire/input.ts";
import { AwsError, type Clock, type Service, type Shape } from "../wire/service.ts";
import type { Instance, Snapshot, World } from "../world.ts";

/** What EC2 is made of. */
export interface Ec2Options {
  readonly clock: Clock;
  readonly world: World;
  readonly lifecycle: Lifecycle;
  readonly addresses: AddressPool;
  readonly faults: Faults;
  readonly region: string;
}

/** EC2 and what seeds its account. */
export interface Ec2 {
  readonly service: Service;
  /** Adds an instance that is stopped, or about to be started. */
  create(instance: { readonly tags?: Readonly<Record<string, string>> } & Partial<Instance>): Instance;
}

/** The two availability zones of a region that instances spread over. */
export function zones(region: string): readonly [string, string] {
  return [`${region}a`, `${region}b`];
}

/** The subnet that a zone has in the account's one network. */
function subnetOf(zone: string): string {
  return `subnet-${(zone.charCodeAt(zone.length - 1) - 96).toString(16).padStart(17, "0")}`;
}

/** Builds EC2. */
export function ec2({ clock, world, lifecycle, addresses, faults, region }: Ec2Options): Ec2 {
  let launches = 0;
  let reservations = 0;
  world.putSecurityGroup(DEFAULT_GROUP);
  const tokens = new Map<string, { readonly request: string; readonly reservation: string }>();
  const templates = launchTemplates(clock);
  const read = (): Snapshot => world.ago(faults.staleReads);

  const lacksCapacity = ({ id, zone }: { id?: string; zone: string }) =>
    faults.noCapacity.has(zone) || (id !== undefined && faults.noCapacity.has(id));

  const nextReservation = () => `r-${(++reservations).toString(16).padStart(17, "0")}`;

  /** The zone with fewest instances that has capacity; undefined where none has. */
  const emptiestZone = (): string | undefined => {
    const instances = [...world.now.instances.values()].filter(({ state }) => state !== "terminated");
    const count = (zone: string) => instances.filter((instance) => instance.zone === zone).length;
    return zones(region).filter((zone) => !lacksCapacity({ zone })).toSorted((a, b) =>
      count(a) - count(b)
    )[0];
  };

  const create: Ec2["create"] = (instance) => {
    const zone = instance.zone ?? emptiestZone() ?? zones(region)[0];
    const created: Instance = {
      // Counted, so that a fault can be set on an instance that is not there yet.
      id: `i-${(++launches).toString(16).padStart(17, "0")}`,
      reservation: instance.reservation ?? nextReservation(),
      address: addresses.take(),
      zone,
      type: "t3.micro",
      image: "ami-00000000000000001",
      keyName: undefined,
      subnet: subnetOf(zone),
      securityGroups: [DEFAULT_GROUP.id],
      userData: undefined,
      clientToken: undefined,
      launchIndex: 0,
      state: "stopped",
      launched: clock.now(),
      everRan: false,
      transitionReason: "",
      stateReason: undefined,
      monitored: false,
      ...instance,
      tags: instance.tags ?? {},
    };
    world.putInstances(created);
    return created;
  };

  /** A RunInstances request with what its launch template says where it says nothing itself; tags of both count. */
  const withTemplate = (input: Shape): { readonly input: Shape; readonly tags: Record<string, string> } => {
    const specification = shape(input, "LaunchTemplate");
    if (specification === undefined) return { input, tags: {} };
    const { data, tags } = templates.resolve(specification);
    const TagSpecifications = [...shapes(data, "TagSpecifications"), ...shapes(input, "TagSpecifications")];
    return { input: { ...data, ...input, TagSpecifications }, tags };
  };

  /** Launches so many instances; their reservation. */
  const launch = (request: Shape, count: number): string => {
    const { input, tags: systemTags } = withTemplate(request);
    if (text(input, "ImageId") === undefined) missing("ImageId");
    const launched = asLaunched(input);
    const tags = { ...launched.tags, ...systemTags };
    const subnet = text(input, "SubnetId");
    const wish = text(shape(input, "Placement") ?? {}, "AvailabilityZone") ??
      zones(region).find((zone) => subnetOf(zone) === subnet);
    if (wish !== undefined && !zones(region).includes(wish)) {
      throw new AwsError("InvalidParameterValue", `Invalid availability zone: [${wish}]`);
    }
    const reservation = nextReservation();
    const { LaunchTemplateId, LaunchTemplateName } = shape(input, "LaunchTemplate") ?? {};
    if ([LaunchTemplateId, LaunchTemplateName].some((it) => faults.noCapacity.has(String(it)))) {
      throw insufficientCapacity(region);
    }
    for (let launchIndex = 0; launchIndex < count; launchIndex++) {
      const zone = wish ?? emptiestZone();
      if (zone === undefined || lacksCapacity({ zone })) throw insufficientCapacity(zone ?? region);
      const clientToken = text(input, "ClientToken");
      lifecycle.start(create({ ...launched, tags, zone, reservation, launchIndex, clientToken }).id);
    }
    return reservation;
  };

  /** Carries out a change of state for all of the named instances, or for none. */
  const changeState = (
    input: Shape,
    check: (instance: Instance) => void,
    act: (instance: Instance) => void,
  ): Shape[] => {
    const before = named(world.now, input);
    if (flag(input, "DryRun")) throw dryRun();
    for (const instance of before) check(instance);
    for (const instance of before) act(instance);
    return before.map(({ id, state }) => ({
      InstanceId: id,
      CurrentState: stateShape(world.now.instances.get(id)?.state ?? state),
      PreviousState: stateShape(state),
    }));
  };

  const setMonitoring = (input: Shape, monitored: boolean): Shape => {
    const instances = named(world.now, input);
    if (flag(input, "DryRun")) throw dryRun();
    for (const { id } of instances) world.updateInstance(id, { monitored });
    const Monitoring = { State: monitored ? "enabled" : "disabled" };
    return { InstanceMonitorings: instances.map(({ id }) => ({ InstanceId: id, Monitoring })) };
  };

  const service: Service = {
    DescribeInstances: (input) => {
      if (texts(input, "InstanceIds").length > 0 && text(input, "MaxResults") !== undefined) {
        throw new AwsError(
          "InvalidParameterCombination",
          "The parameter instancesSet cannot be used with the parameter maxResults",
        );
      }
      const { items, NextToken } = paged(
        filtered(chosen(read(), input), input, instanceFilterValues),
        ({ id }) => id,
        input,
      );
      return { Reservations: reservationShapes(items), NextToken };
    },

    DescribeInstanceStatus: (input) => {
      const all = flag(input, "IncludeAllInstances") ?? false;
      const instances = filtered(chosen(read(), input), input, instanceFilterValues);
      const { items, NextToken } = paged(
        instances.filter(({ state }) => all || state === "running"),
        ({ id }) => id,
        input,
      );
      return { InstanceStatuses: items.map(statusShape), NextToken };
    },

    RunInstances: (input) => {
      const least = whole(input, "MinCount", 1, 1_000) ?? missing("MinCount");
      const most = whole(input, "MaxCount", least, 1_000) ?? missing("MaxCount");
      const token = text(input, "ClientToken");
      const request = JSON.stringify(input);
      const earlier = token === undefined ? undefined : tokens.get(token);
      if (earlier !== undefined && earlier.request !== request) {
        throw new AwsError(
          "IdempotentParameterMismatch",
          "The client token was used before, with other parameters",
        );
      }
      if (flag(input, "DryRun")) {
        if (text(withTemplate(input).input, "ImageId") === undefined) missing("ImageId");
        throw dryRun();
      }
      const reservation = earlier?.reservation ?? launch(input, most);
      if (token !== undefined) tokens.set(token, { request, reservation });
      const members = [...world.now.instances.values()].filter((instance) =>
        instance.reservation === reservation
      );
      return reservationShapes(members)[0];
    },

    StartInstances: (input) => ({
      StartingInstances: changeState(input, (instance) => {
        const { id, state, zone } = instance;
        if (!["stopped", "running", "pending"].includes(state)) throw incorrectState(id, "started");
        if (state === "stopped" && lacksCapacity(instance)) throw insufficientCapacity(zone);
      }, ({ id, state }) => {
        if (state === "stopped") lifecycle.start(id);
      }),
    }),

    StopInstances: (input) => ({
      StoppingInstances: changeState(input, ({ id, state, everRan }) => {
        if (state === "pending" && !everRan) {
          throw new AwsError(
            "IncorrectInstanceState",
            `The instance '${id}' has never reached the 'running' state`,
          );
        }
        if (state === "terminated" || state === "shutting-down") throw incorrectState(id, "stopped");
      }, ({ id, state }) => {
        if (state === "running" || state === "pending") lifecycle.stop(id);
      }),
    }),

    TerminateInstances: (input) => ({
      TerminatingInstances: changeState(input, () => {}, ({ id, state }) => {
        if (state !== "terminated" && state !== "shutting-down") lifecycle.terminate(id);
      }),
    }),

    DescribeInstanceAttribute: (input) => {
      const id = text(input, "InstanceId") ?? missing("InstanceId");
      const [instance] = named(world.now, { InstanceIds: [id] });
      const Attribute = text(input, "Attribute") ?? missing("Attribute");
      switch (Attribute) {
        case "userData":
          return { InstanceId: id, UserData: { Value: instance?.userData } };
        case "instanceType":
          return { InstanceId: id, InstanceType: { Value: instance?.type } };
        default:
          throw new AwsError(
            "InvalidParameterValue",
            `The sandbox does not tell the attribute '${Attribute}'`,
          );
      }
    },

    MonitorInstances: (input) => setMonitoring(input, true),
    UnmonitorInstances: (input) => setMonitoring(input, false),

    ...tagActions(world, read),
    ...securityGroupActions(world, read),
    ...templates.actions,

    DescribeAvailabilityZones: (input) => {
      const names = texts(input, "ZoneNames");
      const unknown = names.find((name) => !zones(region).includes(name));
      if (unknown !== undefined) {
        throw new AwsError("InvalidParameterValue", `Invalid availability zone: [${unknown}]`);
      }
      return {
        AvailabilityZones: zones(region).filter((zone) => names.length === 0 || names.includes(zone))
          .map((ZoneName) => ({
            ZoneName,
            RegionName: region,
            State: "available",
            ZoneType: "availability-zone",
          })),
      };
    },
  };
  return { service, create };
}

/** What a RunInstances request says about each of its instances. */
function asLaunched(input: Shape): Partial<Instance> & { tags: Readonly<Record<string, string>> } {
  const specification = shapes(input, "TagSpecifications").filter((each) =>
    text(each, "ResourceType") === "instance"
  );
  const said = {
    type: text(input, "InstanceType"),
    image: text(input, "ImageId"),
    keyName: text(input, "KeyName"),
    subnet: text(input, "SubnetId"),
    userData: text(input, "UserData"),
  };
  const securityGroups = [...texts(input, "SecurityGroupIds"), ...texts(input, "SecurityGroups")];
  return {
    ...Object.fromEntries(Object.entries(said).filter(([, value]) => value !== undefined)),
    ...(securityGroups.length === 0 ? {} : { securityGroups }),
    monitored: flag(shape(input, "Monitoring") ?? {}, "Enabled") ?? false,
    tags: Object.assign({}, ...specification.map(tagsOf)),
  };
}

function incorrectState(id: string, participle: "started" | "stopped"): AwsError {
  return new AwsError(
    "IncorrectInstanceState",
    `The instance '${id}' is not in a state from which it can be ${participle}.`,
  );
}

function insufficientCapacity(zone: string): AwsError {
  const message =
    `We currently do not have sufficient capacity in the Availability Zone you requested (${zone}).`;
  return new AwsError("InsufficientInstanceCapacity", message, 500);
}
