/**
 * SNS of the sandbox: topics, subscriptions that their endpoints confirm, and signed messages over HTTP.
 *
 * @module
 */
import { makeSigner, type Signer } from "./certificate.ts";
import type { Faults } from "../faults/faults.ts";
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
   * Returns the sandbox's URL, `http://127.0.0.1:4580`: the base of the certificate's URL, SubscribeURL and
   * UnsubscribeURL. It is a function because the port is known only once the sandbox listens.
   */
  readonly endpoint: () => string;
  readonly faults: Faults;
  /** By default a new signer. */
  readonly signer?: Signer;
  /** The network to the endpoints; the machine's own by default. */
  readonly fetch?: typeof fetch;
}

/** SNS. Its disposal aborts every delivery in progress. */
export interface Sns extends AsyncDisposable {
  readonly service: Service;
  /** The actions behind SubscribeURL and UnsubscribeURL, for requests without a signature. */
  readonly unsigned: Service;
  /** The caller serves its `pem` at its `path`. */
  readonly signer: Signer;
  /** Publishes to a topic and returns the MessageId. Throws AwsError NotFound. */
  publish(topicArn: string, subject: string | undefined, message: string): string;
}

export function sns({ clock, region, endpoint, faults, signer = makeSigner(), fetch }: SnsOptions): Sns {
  const deliveries = new Deliveries(clock, fetch);
  const sender = new Sender({ clock, endpoint, faults, signer, deliveries });
  const topics = new Topics(clock, region);
  return {
    service: signedActions(topics, sender, faults),
    unsigned: unsignedActions(topics, sender),
    signer,
    publish: (topicArn, subject, message) =>
      sender.publish(topics.require(topicArn, "Publish"), subject, message),
    [Symbol.asyncDispose]: () => deliveries[Symbol.asyncDispose](),
  };
}
