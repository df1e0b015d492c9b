/**
 * Creates simulated instances, and launches instances for RunInstances.
 *
 * @module
 */
import type { Account } from "../../account/account.ts";
import type { Instance } from "../../account/instance.ts";
import type { Clock } from "../../clock.ts";
import type { Faults } from "../../faults/faults.ts";
import type { AddressPool } from "../../machines/addresses.ts";
import { AwsError, type Shape } from "../../wire/action.ts";
import { boolean, shape, shapes, text, texts } from "../../wire/input.ts";
import type { LaunchTemplates } from "./launch_templates.ts";
import type { Lifecycle } from "../lifecycle.ts";
import { missingParameter } from "../request.ts";
import { DEFAULT_GROUP, OTHER_DEFAULT_GROUP } from "../security_groups.ts";
import { readTags } from "../tags.ts";
import { invalidZone, subnetOf, VPC, vpcOf, zoneOf, zones } from "../zones.ts";

/** Options of {@linkcode Launcher}. */
export interface LauncherOptions {
  readonly clock: Clock;
  readonly account: Account;
  readonly lifecycle: Lifecycle;
  readonly addresses: AddressPool;
  readonly faults: Faults;
  readonly region: string;
  readonly templates: LaunchTemplates;
  /** The number of vCPUs of each instance. Default: 1. */
  readonly vcpus?: number | undefined;
}

/** Creates and launches simulated instances. */
export class Launcher {
  readonly #options: LauncherOptions;
  #instances = 0;
  #reservations = 0;

  constructor(options: LauncherOptions) {
    this.#options = options;
  }

  /** Creates an instance in the state `stopped`. */
  create(instance: Partial<Instance>): Instance {
    const { clock, account, addresses, region } = this.#options;
    const zone = instance.zone ?? this.#emptiestZone() ?? zones(region)[0];
    const created: Instance = {
      // Instance ids are consecutive, so that a fault can name an instance before its launch.
      id: `i-${hex(++this.#instances)}`,
      reservation: instance.reservation ?? this.#nextReservation(),
      address: addresses.take(),
      zone,
      type: "t3.micro",
      image: "ami-00000000000000001",
      keyName: undefined,
      subnet: subnetOf(zone),
      securityGroups: [(vpcOf(instance.subnet) === VPC ? DEFAULT_GROUP : OTHER_DEFAULT_GROUP).id],
      userData: undefined,
      clientToken: undefined,
      launchIndex: 0,
      state: "stopped",
      launchedAt: clock.now(),
      hasRun: false,
      transitionReason: "",
      stateReason: undefined,
      detailedMonitoring: false,
      vcpus: this.#options.vcpus ?? 1,
      spotRequest: undefined,
      rootDevice: "ebs",
      tags: {},
      ...instance,
    };
    account.putInstances(created);
    return created;
  }

  /** Launches `count` instances and returns the id of their reservation. Throws AwsError. */
  launch(request: Shape, count: number): string {
    const { lifecycle, faults, region } = this.#options;
    const { input, tags: templateTags } = this.withTemplate(request);
    if (text(input, "ImageId") === undefined) missingParameter("ImageId");
    const settings = readSettings(input);
    const tags = { ...settings.tags, ...templateTags };
    const requestedZone = this.#requestedZone(input);
    const reservation = this.#nextReservation();
    const { LaunchTemplateId, LaunchTemplateName } = shape(input, "LaunchTemplate") ?? {};
    if ([LaunchTemplateId, LaunchTemplateName].some((template) => faults.noCapacity.has(String(template)))) {
      throw insufficientCapacity(region);
    }
    for (let launchIndex = 0; launchIndex < count; launchIndex++) {
      const zone = requestedZone ?? this.#emptiestZone();
      if (zone === undefined || this.lacksCapacity({ zone })) throw insufficientCapacity(zone ?? region);
      const clientToken = text(input, "ClientToken");
      lifecycle.start(this.create({ ...settings, tags, zone, reservation, launchIndex, clientToken }).id);
    }
    return reservation;
  }

  /**
   * Completes a RunInstances request with the settings of its launch template. A setting of the request overrides the template's
   * setting, and the tags of both apply. The returned `tags` are the tags with which EC2 names the template.
   */
  withTemplate(input: Shape): { readonly input: Shape; readonly tags: Record<string, string> } {
    const specification = shape(input, "LaunchTemplate");
    if (specification === undefined) return { input, tags: {} };
    const { data, tags } = this.#options.templates.resolve(specification);
    const TagSpecifications = [...shapes(data, "TagSpecifications"), ...shapes(input, "TagSpecifications")];
    return { input: { ...data, ...input, TagSpecifications }, tags };
  }

  /** Returns whether the fault no-capacity applies to an instance or zone. */
  lacksCapacity({ id, zone }: { readonly id?: string; readonly zone: string }): boolean {
    const { noCapacity } = this.#options.faults;
    return noCapacity.has(zone) || (id !== undefined && noCapacity.has(id));
  }

  /** Returns the zone with the fewest instances, without zones that lack capacity. Returns undefined if all zones lack capacity. */
  #emptiestZone(): string | undefined {
    const { account, region } = this.#options;
    const instances = [...account.current.instances.values()].filter(({ state }) => state !== "terminated");
    const count = (zone: string) => instances.filter((instance) => instance.zone === zone).length;
    return zones(region).filter((zone) => !this.lacksCapacity({ zone })).toSorted((a, b) =>
      count(a) - count(b)
    )[0];
  }

  #requestedZone(input: Shape): string | undefined {
    const { region, faults } = this.#options;
    const subnet = text(input, "SubnetId");
    if (subnet === undefined && faults.noDefaultVpc) {
      throw new AwsError("VPCIdNotSpecified", "No default VPC for this user");
    }
    const zone = text(shape(input, "Placement") ?? {}, "AvailabilityZone") ??
      (subnet === undefined ? undefined : zoneOf(region, subnet));
    if (zone !== undefined && !zones(region).includes(zone)) throw invalidZone(zone);
    return zone;
  }

  #nextReservation(): string {
    return `r-${hex(++this.#reservations)}`;
  }
}

/** Returns EC2's error for a zone without capacity. */
export function insufficientCapacity(zone: string): AwsError {
  const message =
    `We currently do not have sufficient capacity in the Availability Zone you requested (${zone}).`;
  return new AwsError("InsufficientInstanceCapacity", message, 500);
}

function hex(n: number): string {
  return n.toString(16).padStart(17, "0");
}

/** Reads the instance settings of a RunInstances request. */
function readSettings(input: Shape): Partial<Instance> {
  const tagSpecifications = shapes(input, "TagSpecifications").filter((specification) =>
    text(specification, "ResourceType") === "instance"
  );
  const given = {
    type: text(input, "InstanceType"),
    image: text(input, "ImageId"),
    keyName: text(input, "KeyName"),
    subnet: text(input, "SubnetId"),
    userData: text(input, "UserData"),
  };
  const securityGroups = [...texts(input, "SecurityGroupIds"), ...texts(input, "SecurityGroups")];
  return {
    ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)),
    ...(securityGroups.length === 0 ? {} : { securityGroups }),
    detailedMonitoring: boolean(shape(input, "Monitoring") ?? {}, "Enabled") ?? false,
    spotRequest: spotRequestOf(shape(input, "InstanceMarketOptions") ?? {}),
    tags: Object.assign({}, ...tagSpecifications.map(readTags)),
  };
}

/** Reads the kind of Spot request. Source: EC2 API, SpotMarketOptions: one-time by default. */
function spotRequestOf(options: Shape): Instance["spotRequest"] {
  if (text(options, "MarketType") !== "spot") return undefined;
  return text(shape(options, "SpotOptions") ?? {}, "SpotInstanceType") === "persistent"
    ? "persistent"
    : "one-time";
}
