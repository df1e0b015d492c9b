/**
 * The sandbox's SNS service: topics, subscriptions that their endpoints confirm, and signed messages over HTTP.
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

/** Options of the SNS service. */
export interface SnsOptions {
  readonly clock: Clock;
  readonly region: string;
  /**
   * Returns the URL of the sandbox, such as `http://127.0.0.1:4580`. The URLs of the certificate, SubscribeURL and UnsubscribeURL
   * start with this URL. The option is a function because the port is unknown until the sandbox listens.
   */
  readonly endpoint: () => string;
  readonly faults: Faults;
  /** Signs the messages. Default: a new signer. */
  readonly signer?: Signer;
  /** Sends requests to the endpoints. Default: the real network of this host. */
  readonly fetch?: typeof fetch;
  /** Called for each unit that AWS bills. */
  readonly onBilled?: (unit: "messagesPublished" | "messageDeliveries") => void;
}

/** The sandbox's SNS service. Its disposal aborts all deliveries in progress. */
export interface Sns extends AsyncDisposable {
  readonly service: Service;
  /** API actions that need no signature. SubscribeURL and UnsubscribeURL call these actions. */
  readonly unsigned: Service;
  /** Signer of the messages. The caller must serve the certificate `pem` at the path `path`. */
  readonly signer: Signer;
  /** Publishes a message to a topic and returns the MessageId. Throws AwsError NotFound. */
  publish(topicArn: string, subject: string | undefined, message: string): string;
}

export function sns(options: SnsOptions): Sns {
  const { clock, region, endpoint, faults, signer = makeSigner(), fetch, onBilled = () => {} } = options;
  const deliveries = new Deliveries(clock, fetch, () => onBilled("messageDeliveries"));
  const onPublish = () => onBilled("messagesPublished");
  const sender = new Sender({ clock, endpoint, faults, signer, deliveries, onPublish });
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
