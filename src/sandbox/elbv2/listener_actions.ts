/**
 * The API actions of Elastic Load Balancing v2 on listeners. Each listener forwards to one target group.
 *
 * @module
 */
import { integer, required, shapes, text, texts, validationError } from "../wire/input.ts";
import { AwsError, type Service, type Shape } from "../wire/action.ts";
import type { ForwardingListener, Protocol, TargetGroup, V2Balancer } from "../account/load_balancer.ts";
import { balancerOfGroup, type Snapshot } from "../account/snapshot.ts";
import { forNetworkBalancer } from "../elb/traffic/traffic.ts";
import { listenerOf, pageOf, requestedBalancer, requestedGroup } from "./lookup.ts";
import type { ElbV2Options } from "./options.ts";
import { readProtocol } from "./settings.ts";
import { listenerShape } from "./shapes.ts";
import { readTags } from "./tags.ts";

/** The protocols of listeners, by the type of the load balancer. */
const PROTOCOLS: Readonly<Record<V2Balancer["type"], readonly Protocol[]>> = {
  application: ["HTTP", "HTTPS"],
  network: ["TCP", "TLS"],
};

/**
 * Returns the API actions of Elastic Load Balancing v2 on listeners.
 *
 * @param arn function that returns a unique ARN for the path of a resource
 */
export function listenerActions(
  { account, balancers }: ElbV2Options,
  read: () => Snapshot,
  arn: (path: string) => string,
): Service {
  return {
    CreateListener: (input) => {
      const balancer = requestedBalancer(account.current, input);
      const protocol = readProtocol(input);
      if (!PROTOCOLS[balancer.type].includes(protocol)) {
        throw validationError(
          `Listener protocol '${protocol}' must be one of '${PROTOCOLS[balancer.type].join(", ")}'`,
        );
      }
      const port = required(integer(input, "Port", 1, 65_535), "Port");
      const group = forwardedGroup(account.current, input);
      const settings = {
        protocol,
        port,
        group: group.arn,
        certificate: readCertificate(input, protocol),
        tags: readTags(input),
      };
      const existing = balancer.listeners.find((other) => other.port === port);
      if (existing !== undefined) {
        if (JSON.stringify({ ...existing, ...settings }) === JSON.stringify(existing)) {
          return { Listeners: [listenerShape(balancer, existing)] };
        }
        throw new AwsError(
          "DuplicateListener",
          "A listener already exists on this port for this load balancer",
        );
      }
      checkGroup(account.current, balancer, group, protocol);
      const listener: ForwardingListener = {
        ...settings,
        arn: arn(balancer.arn.replace(/^.*:loadbalancer/, "listener")),
      };
      try {
        balancers.addListener(balancer, listener);
      } catch (error) {
        if (!(error instanceof Deno.errors.PermissionDenied)) throw error;
        throw new AwsError(
          "OperationNotPermitted",
          `The sandbox may not listen on port ${port}: run it as root, or choose a port from 1024`,
        );
      }
      return { Listeners: [listenerShape(balancer, listener)] };
    },

    // The sandbox changes the certificate only, because its listener keeps its port open.
    ModifyListener: (input) => {
      const { balancer, listener } = listenerOf(
        account.current,
        required(text(input, "ListenerArn"), "ListenerArn"),
      );
      const protocol = text(input, "Protocol") === undefined ? listener.protocol : readProtocol(input);
      if (
        protocol !== listener.protocol ||
        (integer(input, "Port", 1, 65_535) ?? listener.port) !== listener.port
      ) {
        throw new AwsError(
          "OperationNotPermitted",
          "The sandbox cannot change the protocol or the port of a listener",
        );
      }
      const changed = { ...listener, certificate: readCertificate(input, protocol) };
      const listeners = balancer.listeners.map((other) => other === listener ? changed : other);
      account.putV2Balancer({ ...balancer, listeners });
      return { Listeners: [listenerShape(balancer, changed)] };
    },

    DeleteListener: (input) => {
      const { balancer, listener } = listenerOf(
        account.current,
        required(text(input, "ListenerArn"), "ListenerArn"),
      );
      balancers.removeListeners(balancer, [listener]);
      return {};
    },

    DescribeListeners: (input) => {
      const snapshot = read();
      const arns = texts(input, "ListenerArns");
      if (arns.length === 0) {
        const balancer = requestedBalancer(snapshot, input);
        const { items, NextToken } = pageOf(balancer.listeners, input);
        return {
          Listeners: items.map((listener) => listenerShape(balancer, listener)),
          NextMarker: NextToken,
        };
      }
      const found = arns.map((arn) => listenerOf(snapshot, arn));
      return { Listeners: found.map(({ balancer, listener }) => listenerShape(balancer, listener)) };
    },
  };
}

/** Returns the target group of a new listener's default action. Throws AwsError. */
function forwardedGroup(snapshot: Snapshot, input: Shape): TargetGroup {
  const [action, ...more] = shapes(input, "DefaultActions");
  if (action === undefined || more.length > 0 || text(action, "Type") !== "forward") {
    throw validationError("In the sandbox, every listener must forward to exactly one target group");
  }
  return requestedGroup(snapshot, { TargetGroupArn: text(action, "TargetGroupArn") });
}

/** Throws AwsError unless a listener of a load balancer can forward to a target group. */
function checkGroup(snapshot: Snapshot, balancer: V2Balancer, group: TargetGroup, protocol: Protocol): void {
  if (group.vpc !== balancer.vpc) {
    throw new AwsError(
      "InvalidConfigurationRequest",
      `The following target groups are not in the VPC of the load balancer: ${group.arn}`,
    );
  }
  if (forNetworkBalancer(group) !== forNetworkBalancer({ protocol })) {
    throw new AwsError(
      "IncompatibleProtocols",
      `The target group protocol '${group.protocol}' is not compatible with the listener protocol '${protocol}'`,
    );
  }
  const associated = balancerOfGroup(snapshot, group.arn);
  if (associated !== undefined && associated.arn !== balancer.arn) {
    throw new AwsError(
      "TargetGroupAssociationLimit",
      `The following target groups cannot be associated with more than one load balancer: ${group.arn}`,
    );
  }
}

/** Reads the certificate of a new listener. The sandbox accepts the ARN of any certificate. Throws AwsError. */
function readCertificate(input: Shape, protocol: Protocol): string | undefined {
  const [certificate, ...more] = shapes(input, "Certificates");
  const needsCertificate = protocol === "HTTPS" || protocol === "TLS";
  if (!needsCertificate) {
    if (certificate === undefined) return undefined;
    throw validationError(`Certificates cannot be specified for the protocol '${protocol}'`);
  }
  if (certificate === undefined || more.length > 0) {
    throw validationError(`A certificate must be specified for ${protocol} listeners`);
  }
  const arn = required(text(certificate, "CertificateArn"), "CertificateArn");
  if (/^arn:[^:]+:(acm|iam):/.test(arn)) return arn;
  throw new AwsError("CertificateNotFound", `Certificate '${arn}' not found`);
}
