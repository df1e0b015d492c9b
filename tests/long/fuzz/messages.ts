/**
 * Genuine messages of the test's own topic and key, and what makes two bodies the same message.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import type { Signer } from "../../../src/sandbox/sns/certificate.ts";
import { type Body, SIGNED } from "../../unit/sns/fixtures.ts";
import type { Shot } from "./client.ts";

export const TYPES = ["Notification", "SubscriptionConfirmation", "UnsubscribeConfirmation"] as const;
export type Type = typeof TYPES[number];
export type Version = "1" | "2";

/** None of it may turn up in a log. */
export const SECRET = "0123456789secret9876543210";

/** The texts that a signature is over, put together as the SNS developer guide says. */
export function signedBy(signer: Signer, fields: Body): Body {
  const { Type, SignatureVersion } = fields;
  const text = (SIGNED[String(Type)] ?? []).map((
    name,
  ) => (fields[name] === undefined ? "" : `${name}\n${fields[name]}\n`)).join("");
  return { ...fields, Signature: signer.sign(text, SignatureVersion === "1" ? "1" : "2") };
}

/** Writes messages that an autoscaler of the topic believes. */
export class Author {
  readonly signer: Signer;
  readonly #topicArn: string;
  readonly #certUrl: string;
  #count = 0;

  constructor(signer: Signer, topicArn: string, certUrl: string) {
    this.signer = signer;
    this.#topicArn = topicArn;
    this.#certUrl = certUrl;
  }

  /** A message with an id of its own, some fields changed before it is signed; undefined drops one. */
  message(type: Type, changed: Body = {}, version: Version = "2"): Body {
    const id = (++this.#count).toString(16).padStart(12, "0");
    const query = `Token=${SECRET}&TopicArn=${this.#topicArn}`;
    return signedBy(this.signer, {
      Type: type,
      MessageId: `26858270-545e-5848-82a2-${id}`,
      TopicArn: this.#topicArn,
      Message: "Hello",
      Timestamp: new Date().toISOString(),
      SignatureVersion: version,
      SigningCertURL: this.#certUrl,
      ...(type === "Notification"
        ? {
          UnsubscribeURL: `https://sns.eu-west-1.amazonaws.com/?Action=Unsubscribe&SubscriptionArn=${SECRET}`,
        }
        : {
          Token: SECRET,
          SubscribeURL: `https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&${query}`,
        }),
      ...changed,
    });
  }
}

/**
 * What a body says, as a text to compare: all that is signed, and the signature. Undefined where it says nothing: no UTF-8,
 * no JSON, no object. Two bodies that say the same are the same message.
 */
export function meaning(body: Uint8Array): string | undefined {
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body));
  } catch {
    return undefined;
  }
  if (typeof json !== "object" || json === null) return undefined;
  const fields = new Map(Object.entries(json));
  const type = fields.get("Type");
  if (typeof type !== "string" || !Object.hasOwn(SIGNED, type)) return undefined;
  const told = [...SIGNED[type] ?? [], "SignatureVersion", "SigningCertURL", "Signature"].map((name) => {
    const value = fields.get(name);
    return name === "Signature" && typeof value === "string"
      ? Buffer.from(value, "base64").toString("hex")
      : value;
  });
  if (told.some((value) => typeof value !== "string" && value !== undefined)) return undefined;
  return JSON.stringify(told.map((value) => value ?? null));
}

/** Whether a request is one that a genuine message may come in. */
export function isPlain({ method, target }: Shot): boolean {
  return method === "POST" && /^\/(?:\?|#|$)/.test(target);
}
