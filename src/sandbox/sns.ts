/** SNS of the sandbox. @module */
import type { Signer } from "./certificate.ts";
import type { Faults } from "./faults.ts";
import type { Clock, Service } from "./service.ts";

/** What SNS is made of. */
export interface SnsOptions {
  readonly clock: Clock;
  readonly region: string;
  /** The sandbox's own URL, `http://127.0.0.1:4580`, which certificate, SubscribeURL and UnsubscribeURL stand under. Asked at each use. */
  readonly endpoint: () => string;
  readonly faults: Faults;
  /** A new one by default. */
  readonly signer?: Signer;
}

/** SNS; disposing of it gives up every delivery under way. */
export interface Sns extends AsyncDisposable {
  readonly service: Service;
  readonly signer: Signer;
  /** Publishes to a topic; returns the MessageId. Throws AwsError NotFound. */
  publish(topicArn: string, subject: string | undefined, message: string): string;
  /**
   * Answers the unsigned GETs: the certificate, SubscribeURL and UnsubscribeURL (`/?Action=ConfirmSubscription&…`). Undefined for any
   * other URL. To be asked before a GET without an Authorization header is taken for an API call.
   */
  get(url: URL): Response | undefined;
}

/** Starts SNS. */
export function sns(_options: SnsOptions): Sns {
  throw new Error("not yet");
}
