/**
 * Creates and sends SNS messages. Notifications go to all confirmed subscriptions of a topic, confirmation requests to one
 * subscription.
 *
 * @module
 */
import type { Signer } from "./certificate.ts";
import type { Faults } from "../faults/faults.ts";
import type { Clock } from "../clock.ts";
import type { Deliveries } from "./delivery.ts";
import { DEFAULT_POLICY, parseRetryPolicy, retryDelays } from "./delivery_policy.ts";
import { type Envelope, type MessageAttribute, signedPost } from "./message.ts";
import { invalidParameter, type Subscription, type Topic } from "./topics.ts";

/** Maximum size of a message in bytes. Source: SNS API, Publish. */
const MAX_MESSAGE_BYTES = 262_144;

/** Options of {@linkcode Sender}. */
export interface SenderOptions {
  readonly clock: Clock;
  readonly endpoint: () => string;
  readonly faults: Faults;
  readonly signer: Signer;
  readonly deliveries: Deliveries;
  /** Called when a message is published to a topic. */
  readonly onPublish: () => void;
}

/** Sends SNS messages to the endpoints of subscriptions. */
export class Sender {
  readonly #options: SenderOptions;

  constructor(options: SenderOptions) {
    this.#options = options;
  }

  /**
   * Sends a notification to every confirmed subscription of a topic. Returns the MessageId. Throws AwsError InvalidParameter if the
   * message is invalid.
   */
  publish(
    topic: Topic,
    subject: string | undefined,
    message: string,
    attributes: Readonly<Record<string, MessageAttribute>> = {},
  ): string {
    if (message === "") throw invalidParameter("Empty message");
    if (new TextEncoder().encode(message).length > MAX_MESSAGE_BYTES) {
      throw invalidParameter("Message too long");
    }
    if (subject !== undefined && !/^[^\s\p{Cc}]\P{Cc}{0,98}$/u.test(subject)) {
      throw invalidParameter("Subject");
    }
    const { faults, onPublish } = this.#options;
    onPublish();
    const common = {
      Type: "Notification",
      MessageId: crypto.randomUUID(),
      TopicArn: topic.arn,
      ...(subject === undefined ? {} : { Subject: subject }),
      Message: message,
      Timestamp: this.#timestamp(),
    } as const;
    for (const subscription of topic.subscriptions.values()) {
      if (!subscription.confirmed || faults.occurs("snsLoss")) continue;
      const envelope = {
        ...common,
        UnsubscribeURL: this.#link("Unsubscribe", { SubscriptionArn: subscription.arn }),
        ...(Object.keys(attributes).length > 0 ? { MessageAttributes: attributes } : {}),
      };
      void this.#send(topic, subscription, envelope);
      if (faults.occurs("snsDuplicates")) void this.#send(topic, subscription, envelope);
    }
    return common.MessageId;
  }

  /**
   * Sends an endpoint the request to confirm a subscription, or the confirmation that a subscription has ended. Faults do not apply
   * to confirmation messages. Resolves after the first attempt, with true if the endpoint responded and false if not.
   */
  sendConfirmation(
    type: "SubscriptionConfirmation" | "UnsubscribeConfirmation",
    topic: Topic,
    subscription: Subscription,
  ): Promise<boolean> {
    const { token } = subscription;
    const [choice, purpose] = type === "SubscriptionConfirmation"
      ? [`subscribe to the topic ${topic.arn}`, "confirm the subscription"]
      : [`deactivate subscription ${subscription.arn}`, "cancel this operation and restore the subscription"];
    return this.#send(topic, subscription, {
      Type: type,
      MessageId: crypto.randomUUID(),
      Token: token,
      TopicArn: topic.arn,
      Message:
        `You have chosen to ${choice}.\nTo ${purpose}, visit the SubscribeURL included in this message.`,
      SubscribeURL: this.#link("ConfirmSubscription", { TopicArn: topic.arn, Token: token }),
      Timestamp: this.#timestamp(),
    });
  }

  #send(topic: Topic, subscription: Subscription, envelope: Envelope): Promise<boolean> {
    const { deliveries, endpoint, signer } = this.#options;
    const version = topic.attributes.get("SignatureVersion") === "2" ? "2" : "1";
    const policy = subscription.attributes.get("DeliveryPolicy") ?? topic.attributes.get("DeliveryPolicy");
    return deliveries.send(
      subscription.endpoint,
      signedPost(envelope, signer, version, endpoint() + signer.path, subscription.arn),
      retryDelays(policy === undefined ? DEFAULT_POLICY : parseRetryPolicy(policy)),
    );
  }

  #timestamp(): string {
    return new Date(this.#options.clock.now()).toISOString();
  }

  #link(action: string, parameters: Readonly<Record<string, string>>): string {
    return `${this.#options.endpoint()}/?${new URLSearchParams({ Action: action, ...parameters })}`;
  }
}
