/**
 * Genuine messages of the test's topic and key, and a comparison of message bodies.
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

/** A secret that must not appear in a log. */
export const SECRET = "0123456789secret9876543210";

/** The text that SNS signs. Source: SNS developer guide, "Verifying the signatures of Amazon SNS messages". */
export function signedBy(signer: Signer, fields: Body): Body {
  const { Type, SignatureVersion } = fields;
  const text = (SIGNED[String(Type)] ?? []).map((
    name,
  ) => (fields[name] === undefined ? "" : `${name}\n${fields[name]}\n`)).join("");
  return { ...fields, Signature: signer.sign(text, SignatureVersion === "1" ? "1" : "2") };
}

/** Writes genuine messages of a topic. */
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

  /** A message with a new id. Some fields are changed before it is signed; undefined removes a field. */
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
 * The signed fields and the signature of a body as a text: equal texts are the same message. Undefined for a body that is not a JSON
 * object in UTF-8.
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

/** Whether a genuine message may come in such a request. */
export function isPlain({ method, target }: Shot): boolean {
  return method === "POST" && /^\/(?:\?|#|$)/.test(target);
}
