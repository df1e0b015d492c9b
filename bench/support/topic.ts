/**
 * An SNS topic that signs and posts messages without delay.
 *
 * @module
 */
import { makeSigner } from "../../src/sandbox/sns/certificate.ts";
import { type HttpPost, signedPost } from "../../src/sandbox/sns/message.ts";
import { alarmArn } from "../../tests/support/alarm_arn.ts";
import type { AlarmKind, AlarmState } from "../../src/scaling/model/alarm.ts";

/** Notifications of alarms, signed with SignatureVersion 2. */
export class Topic implements AsyncDisposable {
  readonly #arn: string;
  readonly #signer = makeSigner();
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  /** The URL prefix of the topic's certificate, for `--trust-signer`. */
  readonly prefix: string;

  constructor(arn: string) {
    this.#arn = arn;
    this.#server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen: () => {} },
      () => new Response(this.#signer.pem),
    );
    this.prefix = `http://127.0.0.1:${this.#server.addr.port}/`;
  }

  /** Returns a signed notification of an alarm that changes its state now. */
  notice(kind: AlarmKind, dimension: string, state: AlarmState): HttpPost {
    const envelope = {
      Type: "Notification",
      MessageId: crypto.randomUUID(),
      TopicArn: this.#arn,
      Message: JSON.stringify({
        AlarmName: `kas:${kind}:${dimension}`,
        AlarmArn: alarmArn(`kas:${kind}:${dimension}`, this.#arn),
        OldStateValue: state === "OK" ? "ALARM" : "OK",
        NewStateValue: state,
        StateChangeTime: new Date().toISOString().replace("Z", "+0000"),
      }),
      Timestamp: new Date().toISOString(),
      UnsubscribeURL: `${this.prefix}?Action=Unsubscribe`,
    } as const;
    return signedPost(envelope, this.#signer, "2", `${this.prefix}signer.pem`, `${this.#arn}:bench`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }
}

/** Posts a message. Throws Error if the autoscaler does not accept it. */
export async function deliver(url: string, { headers, body }: HttpPost): Promise<void> {
  const response = await fetch(url, { method: "POST", headers, body });
  const text = await response.text();
  if (response.status !== 200) throw new Error(`a message got the answer ${response.status} ${text}`);
}
