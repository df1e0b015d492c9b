/**
 * Builds the five AWS services over one simulated account, and one HTTP handler for all five. The caller passes the requests
 * to the handler.
 *
 * @module
 */
import { LoopbackAddresses, SubnetAddresses } from "./machines/addresses.ts";
import type { Signer } from "./sns/certificate.ts";
import type { Credits } from "./cloudwatch/metered.ts";
import { type CloudWatch, cloudWatch as makeCloudWatch } from "./cloudwatch/service.ts";
import { type Ec2, ec2 as makeEc2 } from "./ec2/service.ts";
import { zones } from "./ec2/zones.ts";
import { isBurstable, isUnlimited } from "./ec2/credit_actions.ts";
import { Lifecycle, type LifecycleOptions } from "./ec2/lifecycle.ts";
import { FailureInjector } from "./faults/inject_failures.ts";
import { type Elb, elb as makeElb } from "./elb/service.ts";
import { Balancers } from "./elb/balancers.ts";
import { elbV2 } from "./elbv2/service.ts";
import { type Call, endpoint } from "./wire/endpoint.ts";
import type { Faults } from "./faults/faults.ts";
import type { MachineFactory } from "./machines/machine.ts";
import type { Clock } from "./clock.ts";
import type { Service } from "./wire/action.ts";
import { type Sns, sns as makeSns } from "./sns/service.ts";
import type { Account } from "./account/account.ts";
import type { Instance } from "./account/instance.ts";
import { Billing } from "./account/billing.ts";

/** Options of {@linkcode startServices}. */
export interface AwsServicesOptions {
  readonly clock: Clock;
  readonly account: Account;
  readonly faults: Faults;
  readonly region: string;
  readonly machine: MachineFactory;
  /** The first three octets of the instances' addresses. Undefined: the instances have loopback addresses. */
  readonly subnet?: string | undefined;
  /** The shortest and the longest time that an instance is pending before it is running, in ms of sandbox time. */
  readonly boot: readonly [number, number];
  /** How long an instance is stopping before it is stopped, in ms of sandbox time. */
  readonly shutdown: number;
  /** The number of vCPUs of each instance. Default: 1. */
  readonly vcpus?: number | undefined;
  /** Returns the URL of the HTTP handler, which SNS writes into its messages. */
  readonly url: () => string;
  /** Signs the messages of SNS. Default: a new signer. */
  readonly signer?: Signer;
  readonly record: (call: Call) => void;
  /** Starts the node_exporter of a machine. Absent: the machines have none. */
  readonly startExporter?: LifecycleOptions["startExporter"];
  /** Sends requests to the instances and to the endpoints of SNS. Default: the real network of this host. */
  readonly fetch?: typeof fetch;
}

/** The running AWS services. Their disposal stops every simulated machine. */
export interface AwsServices extends AsyncDisposable {
  readonly lifecycle: Lifecycle;
  readonly balancers: Balancers;
  readonly ec2: Ec2;
  readonly elb: Elb;
  readonly elbV2: Service;
  readonly cloudWatch: CloudWatch;
  readonly sns: Sns;
  readonly billing: Billing;
  /** Handles an HTTP request to an AWS service. */
  readonly handle: (request: Request) => Promise<Response>;
}

/** Starts the AWS services. Throws Deno.errors.AddrNotAvailable if the host has no free loopback addresses. */
export function startServices(options: AwsServicesOptions): AwsServices {
  const { clock, account, faults, region, machine, subnet, boot, shutdown, url, signer, record, fetch } =
    options;
  const owned = new AsyncDisposableStack();
  const addresses = owned.use(new LoopbackAddresses());
  const hosts = subnet === undefined ? addresses : new SubnetAddresses(subnet);
  const lifecycle = owned.use(
    new Lifecycle({
      clock,
      account,
      addresses: hosts,
      machine,
      boot: () => faults.bootTime(boot),
      shutdown,
      bootCpu: () => faults.bootCpu,
      startFails: (id) => faults.failingStarts.has(id),
      startExporter: options.startExporter,
    }),
  );
  owned.use(new FailureInjector(clock, account, lifecycle, faults.failures));
  const balancers = owned.use(new Balancers(clock, account, faults, fetch));
  const billing = new Billing(() => account.current);
  const sns = owned.use(
    makeSns({
      clock,
      region,
      endpoint: url,
      faults,
      onBilled: (unit) => billing.addMessage(unit),
      ...(signer ? { signer } : {}),
      ...(fetch ? { fetch } : {}),
    }),
  );
  const metered = {
    machines: () => lifecycle.machines(),
    reportsEachMinute: (id: string) =>
      !faults.basicMonitoring || (account.current.instances.get(id)?.detailedMonitoring ?? false),
    vcpus: (id: string) => account.current.instances.get(id)?.vcpus ?? 1,
    credits: (id: string) => creditsOf(account.current.instances.get(id), faults.credits),
    requests: () => balancers.requests(),
  };
  const cloudWatch = owned.use(makeCloudWatch({
    clock,
    metered,
    region,
    publish: sns.publish,
    metricDelay: () => faults.metricDelay,
    onTick: (second, alarms) => billing.advance(second, alarms),
  }));
  const ec2 = makeEc2({ clock, account, lifecycle, addresses: hosts, faults, region, vcpus: options.vcpus });
  const elb = makeElb({ clock, account, balancers, addresses, faults, zones: zones(region) });
  const v2 = elbV2({ clock, account, balancers, addresses, faults, region });
  const stopping = new AbortController();
  owned.defer(() => stopping.abort());
  const handle = endpoint({
    clock,
    faults,
    services: {
      ec2: ec2.service,
      elasticloadbalancing: elb.service,
      "elasticloadbalancing-v2": v2,
      monitoring: cloudWatch.service,
      sns: sns.service,
    },
    unsigned: sns.unsigned,
    signer: sns.signer,
    record: (call) => {
      billing.addCall(call);
      record(call);
    },
    billed: () => billing.units(),
    stopping: stopping.signal,
  });
  return {
    lifecycle,
    balancers,
    ec2,
    elb,
    elbV2: v2,
    cloudWatch,
    sns,
    billing,
    handle,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** The credit balance of a T instance that has not used its credits. Source: EC2 user guide, a day of a t3.micro earns 288. */
const FULL_BALANCE = 288;

/**
 * Returns the CPU credits of an instance.
 *
 * @param limit the CPU that an instance without credits shows at most, in percent; undefined if the instances have credits
 */
function creditsOf(instance: Instance | undefined, limit: number | undefined): Credits | undefined {
  if (instance === undefined || !isBurstable(instance)) return undefined;
  if (limit === undefined) return { balance: FULL_BALANCE, limit: 100 };
  return { balance: 0, limit: isUnlimited(instance) ? 100 : limit };
}
