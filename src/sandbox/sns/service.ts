/**
 * SNS: topics, subscriptions that their endpoints must confirm, and signed messages to them over HTTP.
 *
 * @module
 */
import { makeSigner, type Signer } from "./certificate.ts";
import type { Faults } from "../faults.ts";
import type { Clock } from "../clock.ts";
import type { Service } from "../wire/action.ts";
import { signedActions, unsignedActions } from "./actions.ts";
import { Deliveries } from "./delivery.ts";
import { Sender } from "./sender.ts";
import { Topics } from "./topics.ts";

/** What SNS is made of. */
export interface SnsOptions {
  readonly clock: Clock;
  readonly region: string;
  /**
   * The sandbox's own URL, `http://127.0.0.1:4580`, under which the certificate, SubscribeURL and UnsubscribeURL stand.
   * Asked at each use, as the port is known only once it listens.
   */
  readonly endpoint: () => string;
  readonly faults: Faults;
  /** A new one by default. */
  readonly signer?: Signer;
  /** The network to the endpoints; the machine's own by default. */
  readonly fetch?: typeof fetch;
}

/** SNS; disposing of it gives up every delivery under way. */
export interface Sns extends AsyncDisposable {
  readonly service: Service;
  /** The actions behind SubscribeURL and UnsubscribeURL, for requests that carry no signature. */
  readonly unsigned: Service;
  /** Its `pem` is to be served at its `path`. */
  readonly signer: Signer;
  /** Publishes to a topic; returns the MessageId. Throws AwsError NotFound. */
  publish(topicArn: string, subject: string | undefined, message: string): string;
}

/** Starts SNS. */
export function sns({ clock, region, endpoint, faults, signer = makeSigner(), fetch }: SnsOptions): Sns {
  const deliveries = new Deliveries(clock, fetch);
  const sender = new Sender({ clock, endpoint, faults, signer, deliveries });
  const topics = new Topics(clock, region);
  return {
    service: signedActions(topics, sender),
    unsigned: unsignedActions(topics, sender),
    signer,
    publish: (topicArn, subject, message) =>
      sender.publish(topics.require(topicArn, "Publish"), subject, message),
    [Symbol.asyncDispose]: () => deliveries[Symbol.asyncDispose](),
  };
}
