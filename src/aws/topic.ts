/** SNS topics and subscriptions. @module */
import type { Aws } from "./clients.ts";

/** A subscription; `pending` until it is confirmed, and then its ARN is the word PendingConfirmation. */
export interface Subscription {
  readonly arn: string;
  readonly endpoint: string;
  readonly protocol: string;
  readonly status: "confirmed" | "pending" | "deleted";
}

export declare function topics(aws: Aws): AsyncIterable<string>;
/** Returns the ARN, of the existing one if there is one. Sets SignatureVersion 2. */
export declare function createTopic(aws: Aws, name: string): Promise<string>;
export declare function deleteTopic(aws: Aws, arn: string): Promise<void>;
export declare function subscriptions(aws: Aws, topicArn: string): AsyncIterable<Subscription>;
/** With kas's delivery policy; a repeat returns the existing one. */
export declare function subscribe(aws: Aws, topicArn: string, url: string): Promise<string>;
export declare function unsubscribe(aws: Aws, arn: string): Promise<void>;
/** Confirms with AuthenticateOnUnsubscribe (R14). Returns the subscription's ARN. */
export declare function confirm(aws: Aws, topicArn: string, token: string): Promise<string>;
