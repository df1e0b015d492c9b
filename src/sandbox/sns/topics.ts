/**
 * The SNS topics of the account and their subscriptions.
 *
 * @module
 */
import { ACCOUNT_ID, AwsError } from "../wire/action.ts";
import type { Clock } from "../clock.ts";

/** A simulated SNS topic. */
export interface Topic {
  readonly arn: string;
  /** The attributes that requests have set, by name. */
  readonly attributes: Map<string, string>;
  readonly tags: Map<string, string>;
  readonly subscriptions: Map<string, Subscription>;
  /** Ended subscriptions by token. The SubscribeURL of an UnsubscribeConfirmation restores a subscription by its token. */
  readonly deletedSubscriptions: Map<string, Subscription>;
}

/** A subscription of an HTTP or HTTPS endpoint to a topic. */
export interface Subscription {
  readonly arn: string;
  readonly topicArn: string;
  readonly protocol: string;
  readonly endpoint: string;
  readonly attributes: Map<string, string>;
  /** Token that confirms the subscription. */
  readonly token: string;
  /** Time at which the token was created, in ms since the epoch. */
  readonly tokenCreatedAt: number;
  confirmed: boolean;
  /** Whether a signed request confirmed the subscription. */
  confirmedBySignedCall: boolean;
  /** Whether only a signed request can end the subscription. */
  authenticateOnUnsubscribe: boolean;
}

/** The settings of a new subscription. */
export interface SubscriptionRequest {
  readonly protocol: string;
  readonly endpoint: string;
  readonly attributes: ReadonlyMap<string, string>;
}

/** How long the token of an SNS subscription is valid, in ms of sandbox time. Source: SNS API, Subscribe. */
const TOKEN_LIFETIME = 2 * 24 * 3_600_000;

/** Maximum numbers of topics and subscriptions, to bound memory. The limits of SNS are much higher. */
const MAX_TOPICS = 1_000;
const MAX_SUBSCRIPTIONS = 1_000;
const MAX_DELETED_SUBSCRIPTIONS = 1_000;

/** Returns the error InvalidParameter of SNS. */
export function invalidParameter(what: string): AwsError {
  return new AwsError("InvalidParameter", `Invalid parameter: ${what}`);
}

/** All SNS topics of the account. */
export class Topics {
  readonly #clock: Clock;
  readonly #region: string;
  readonly #byArn = new Map<string, Topic>();

  constructor(clock: Clock, region: string) {
    this.#clock = clock;
    this.#region = region;
  }

  /** Returns all topics of the account. */
  all(): readonly Topic[] {
    return [...this.#byArn.values()];
  }

  /** Returns the topic with the given name. Creates the topic if necessary. */
  create(name: string): Topic {
    if (!/^[A-Za-z0-9_-]{1,256}$/.test(name)) throw invalidParameter("Topic Name");
    const arn = `arn:aws:sns:${this.#region}:${ACCOUNT_ID}:${name}`;
    const existing = this.#byArn.get(arn);
    if (existing !== undefined) return existing;
    if (this.#byArn.size >= MAX_TOPICS) throw new AwsError("TopicLimitExceeded", "Too many topics", 403);
    const topic = {
      arn,
      attributes: new Map(),
      tags: new Map(),
      subscriptions: new Map(),
      deletedSubscriptions: new Map(),
    };
    this.#byArn.set(arn, topic);
    return topic;
  }

  /** Deletes a topic and its subscriptions. Does nothing if the topic does not exist. */
  delete(arn: string): void {
    this.checkArn(arn, "DeleteTopic", "TopicArn");
    this.#byArn.delete(arn);
  }

  /** Returns the topic with an ARN. Throws AwsError NotFound, and the errors of {@linkcode Topics.checkArn}. */
  require(arn: string, action: string): Topic {
    this.checkArn(arn, action, "TopicArn");
    const topic = this.#byArn.get(arn);
    if (topic === undefined) throw new AwsError("NotFound", "Topic does not exist", 404);
    return topic;
  }

  /**
   * Throws AwsError InvalidParameter if the ARN does not belong to SNS in this region, and AuthorizationError if the ARN belongs
   * to a different account.
   */
  checkArn(arn: string, action: string, member: string): void {
    const [prefix, , service, region, account, name] = arn.split(":");
    if (prefix !== "arn" || name === undefined) {
      const elements = arn.split(":").length;
      throw invalidParameter(`${member} Reason: An ARN must have at least 6 elements, not ${elements}`);
    }
    if (service !== "sns" || region !== this.#region) throw invalidParameter(member);
    if (account !== ACCOUNT_ID) {
      const user = `arn:aws:iam::${ACCOUNT_ID}:root`;
      throw new AwsError(
        "AuthorizationError",
        `User: ${user} is not authorized to perform: SNS:${action} on resource: ${arn}`,
        403,
      );
    }
  }

  /**
   * Returns the subscription with an ARN, and its topic. Returns undefined if the subscription does not exist. Throws the errors of
   * {@linkcode Topics.checkArn}.
   */
  subscription(arn: string, action: string): { topic: Topic; subscription: Subscription } | undefined {
    this.checkArn(arn, action, "SubscriptionArn");
    const topic = this.#byArn.get(arn.split(":").slice(0, 6).join(":"));
    const subscription = topic?.subscriptions.get(arn);
    return topic && subscription && { topic, subscription };
  }

  /** Subscribes an endpoint to a topic. Returns the endpoint's existing subscription if one exists. Throws AwsError. */
  subscribe(topic: Topic, { protocol, endpoint, attributes }: SubscriptionRequest): Subscription {
    for (const subscription of topic.subscriptions.values()) {
      if (subscription.protocol !== protocol || subscription.endpoint !== endpoint) continue;
      // A new subscription replaces a subscription that the endpoint did not confirm in time.
      if (!subscription.confirmed && this.#expired(subscription)) {
        topic.subscriptions.delete(subscription.arn);
        continue;
      }
      const differs = [...attributes].some(([name, value]) => subscription.attributes.get(name) !== value);
      if (differs) {
        throw invalidParameter("Attributes Reason: Subscription already exists with different attributes");
      }
      return subscription;
    }
    if (topic.subscriptions.size >= MAX_SUBSCRIPTIONS) {
      throw new AwsError("SubscriptionLimitExceeded", "Too many subscriptions", 403);
    }
    const subscription: Subscription = {
      arn: `${topic.arn}:${crypto.randomUUID()}`,
      topicArn: topic.arn,
      protocol,
      endpoint,
      attributes: new Map(attributes),
      token: crypto.getRandomValues(new Uint8Array(128)).toHex(),
      tokenCreatedAt: this.#clock.now(),
      confirmed: false,
      confirmedBySignedCall: false,
      authenticateOnUnsubscribe: false,
    };
    topic.subscriptions.set(subscription.arn, subscription);
    return subscription;
  }

  /** Removes a subscription that the endpoint did not confirm. */
  discard(topic: Topic, subscription: Subscription): void {
    if (!subscription.confirmed) topic.subscriptions.delete(subscription.arn);
  }

  /**
   * Confirms the subscription with a token. A repeated confirmation succeeds. Throws AwsError InvalidParameter for an unknown or
   * expired token.
   */
  confirm(topic: Topic, token: string, signed: boolean, authenticateOnUnsubscribe: boolean): Subscription {
    const existing = [...topic.subscriptions.values()].find((subscription) => subscription.token === token);
    const subscription = existing ?? topic.deletedSubscriptions.get(token);
    if (subscription === undefined || (!existing?.confirmed && this.#expired(subscription))) {
      throw invalidParameter("Token");
    }
    topic.deletedSubscriptions.delete(token);
    topic.subscriptions.set(subscription.arn, subscription);
    subscription.confirmed = true;
    subscription.confirmedBySignedCall ||= signed;
    subscription.authenticateOnUnsubscribe ||= authenticateOnUnsubscribe;
    return subscription;
  }

  /** Ends a subscription and returns the subscription with a new token. The token can restore the subscription. */
  unsubscribe(topic: Topic, subscription: Subscription): Subscription {
    topic.subscriptions.delete(subscription.arn);
    const ended: Subscription = {
      ...subscription,
      token: crypto.getRandomValues(new Uint8Array(128)).toHex(),
      tokenCreatedAt: this.#clock.now(),
      confirmed: false,
      confirmedBySignedCall: false,
      authenticateOnUnsubscribe: false,
    };
    topic.deletedSubscriptions.set(ended.token, ended);
    for (const oldest of topic.deletedSubscriptions.keys()) {
      if (topic.deletedSubscriptions.size <= MAX_DELETED_SUBSCRIPTIONS) break;
      topic.deletedSubscriptions.delete(oldest);
    }
    return ended;
  }

  #expired({ tokenCreatedAt }: Subscription): boolean {
    return this.#clock.now() - tokenCreatedAt > TOKEN_LIFETIME / this.#clock.speed;
  }
}
