/**
 * The listeners of Application and Network Load Balancers.
 *
 * @module
 */
import type { Listener as SdkListener } from "@aws-sdk/client-elastic-load-balancing-v2";
import { type Aws, sendOptions } from "../../clients.ts";
import { listIn } from "../../errors.ts";
import { pages } from "../../many/pages.ts";
import { setupTags } from "../setup_tags.ts";
import { elbv2 } from "../target_group.ts";

/** The protocols of listeners that setup creates. */
export type ListenerProtocol = "HTTP" | "HTTPS" | "TCP" | "TLS";

/** A listener that shall exist. */
export interface ListenerPlan {
  readonly protocol: ListenerProtocol;
  readonly port: number;
  /** ARN of the certificate. Undefined for a protocol without TLS. */
  readonly certificate: string | undefined;
}

/** An existing listener. */
export interface Listener {
  readonly arn: string;
  /** AWS's name of the protocol, such as `HTTPS`. */
  readonly protocol: string;
  readonly port: number;
  readonly certificate: string | undefined;
  /** The ARNs of the target groups to which the listener forwards by default. */
  readonly targetGroups: readonly string[];
}

/** Lists the listeners of a load balancer. */
export async function listListeners(
  aws: Aws,
  loadBalancer: string,
  signal?: AbortSignal,
): Promise<Listener[]> {
  const [client, { DescribeListenersCommand }] = await elbv2(aws);
  const answers = pages(
    (Marker) =>
      client.send(
        new DescribeListenersCommand({ LoadBalancerArn: loadBalancer, Marker }),
        sendOptions(signal),
      ),
    ({ NextMarker }) => NextMarker,
  );
  const found: Listener[] = [];
  for await (const { Listeners } of answers) {
    found.push(...listIn(Listeners, "ELB", "listeners").map(listenerOf));
  }
  return found;
}

function listenerOf({ ListenerArn, Protocol, Port, Certificates, DefaultActions }: SdkListener): Listener {
  const forwards = (DefaultActions ?? []).filter(({ Type }) => Type === "forward");
  const groups = forwards.flatMap(({ TargetGroupArn, ForwardConfig }) => [
    TargetGroupArn,
    ...(ForwardConfig?.TargetGroups ?? []).map((each) => each.TargetGroupArn),
  ]);
  return {
    arn: ListenerArn ?? "",
    protocol: Protocol ?? "",
    port: Port ?? 0,
    certificate: Certificates?.[0]?.CertificateArn,
    targetGroups: [...new Set(groups.filter((arn) => arn !== undefined))],
  };
}

/**
 * The TLS versions and ciphers of a new listener: TLS 1.2 and 1.3. ELB's own default for requests to its API also accepts TLS 1.0. Source: ALB
 * and NLB guides, "Security policies".
 */
const SECURITY_POLICY = "ELBSecurityPolicy-TLS13-1-2-2021-06";

/** Creates a listener with the tags of setup. It forwards to a target group. */
export async function createListener(
  aws: Aws,
  plan: ListenerPlan,
  target: { readonly loadBalancer: string; readonly targetGroup: string; readonly fleet: string },
): Promise<void> {
  const [client, { CreateListenerCommand }] = await elbv2(aws);
  const command = new CreateListenerCommand({
    LoadBalancerArn: target.loadBalancer,
    ...protocolOf(plan),
    ...(plan.certificate === undefined ? {} : { SslPolicy: SECURITY_POLICY }),
    DefaultActions: [{ Type: "forward", TargetGroupArn: target.targetGroup }],
    Tags: setupTags(target.fleet),
  });
  await client.send(command);
}

/** Sets the protocol and the certificate of a listener. */
export async function modifyListener(aws: Aws, arn: string, plan: ListenerPlan): Promise<void> {
  const [client, { ModifyListenerCommand }] = await elbv2(aws);
  await client.send(new ModifyListenerCommand({ ListenerArn: arn, ...protocolOf(plan) }));
}

function protocolOf({ protocol, port, certificate }: ListenerPlan) {
  return {
    Protocol: protocol,
    Port: port,
    ...(certificate === undefined ? {} : { Certificates: [{ CertificateArn: certificate }] }),
  };
}
