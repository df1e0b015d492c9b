/**
 * SNS with a clock that the test moves, and an HTTP endpoint that responds as the test says.
 *
 * @module
 */
import { createVerify, X509Certificate } from "node:crypto";
import { assert } from "@std/assert";
import { makeSigner } from "../../../../src/sandbox/sns/certificate.ts";
import { Faults } from "../../../../src/sandbox/faults/faults.ts";
import type { Action, Shape } from "../../../../src/sandbox/wire/action.ts";
import { type Sns, sns } from "../../../../src/sandbox/sns/service.ts";
import { type HandClock, handClock } from "../hand_clock.ts";

/** The bench's signer. */
export const signer = makeSigner(Date.UTC(2025, 8, 16, 16, 58));
/** The topic that the endpoint subscribes to. */
export const TOPIC = "arn:aws:sns:eu-west-1:000000000000:kas";

/** A message that the endpoint received. */
export interface Arrival {
  readonly headers: Headers;
  readonly body: Record<string, string>;
}

/** SNS and one endpoint. */
export interface Bench extends AsyncDisposable {
  readonly clock: HandClock;
  readonly faults: Faults;
  /** The messages that the endpoint received. */
  readonly arrivals: readonly Arrival[];
  /** The endpoint's URL. */
  readonly endpoint: string;
  /** Calls an action, signed or not. */
  actionOf(action: string, signed?: boolean): Action;
  call(action: string, input?: Shape): Promise<Shape>;
  readonly publish: Sns["publish"];
  /** Sets the endpoint's status from now on. */
  answering(next: () => Response | Promise<Response>): void;
  /** Resolves with the `n`th message that the endpoint receives, from 1. */
  arrival(n: number): Promise<Arrival>;
  /**
   * Subscribes the endpoint and confirms the subscription; the confirmation is message 1. Returns the subscription's
   * ARN.
   */
  subscribe(confirmation?: Shape): Promise<string>;
}

/** Starts SNS on a clock that stands still. */
export function bench({ speed = 1, seed = 1 } = {}): Bench {
  const clock = handClock(speed);
  const faults = new Faults(seed);
  const arrivals: Arrival[] = [];
  let answer: Parameters<Bench["answering"]>[0] = () => new Response("ok");
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, async (request) => {
    arrivals.push({ headers: request.headers, body: JSON.parse(await request.text()) });
    clock.nudge();
    return await answer();
  });
  const endpoint = `http://127.0.0.1:${server.addr.port}/`;
  const service = sns({
    clock,
    region: "eu-west-1",
    endpoint: () => "http://127.0.0.1:4580",
    faults,
    signer,
  });
  const actionOf = (action: string, signed = true) => {
    const run = (signed ? service.service : service.unsigned)[action];
    assert(run, `${action} is there`);
    return run;
  };
  const call = async (action: string, input: Shape = {}): Promise<Shape> =>
    await actionOf(action)(input) ?? {};
  return {
    clock,
    faults,
    arrivals,
    endpoint,
    actionOf,
    call,
    publish: service.publish,
    answering: (next) => {
      answer = next;
    },
    arrival: async (n: number): Promise<Arrival> => {
      await clock.until(() => arrivals.length >= n);
      const found = arrivals[n - 1];
      assert(found);
      return found;
    },
    subscribe: async (confirmation: Shape = {}): Promise<string> => {
      await call("CreateTopic", { Name: "kas" });
      await call("Subscribe", { TopicArn: TOPIC, Protocol: "http", Endpoint: endpoint });
      await clock.until(() => arrivals.length === 1);
      const Token = arrivals[0]?.body["Token"];
      const { SubscriptionArn } = await call("ConfirmSubscription", {
        TopicArn: TOPIC,
        Token,
        ...confirmation,
      });
      return String(SubscriptionArn);
    },
    async [Symbol.asyncDispose]() {
      await service[Symbol.asyncDispose]();
      await server.shutdown();
    },
  };
}

/** Returns the state of the topic's subscriptions. */
export async function listed(it: Bench): Promise<unknown[]> {
  const { Subscriptions } = await it.call("ListSubscriptionsByTopic", { TopicArn: TOPIC }) as {
    Subscriptions: Shape[];
  };
  return Subscriptions.map((subscription) => subscription["SubscriptionArn"]);
}

/** Whether a message's signature is valid, computed from the documentation and without the sandbox's code. */
export function verifies({ body }: Arrival): boolean {
  const keys = body["Type"] === "Notification"
    ? ["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"]
    : ["Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"];
  const text = keys.filter((key) => key in body).map((key) => `${key}\n${body[key]}\n`).join("");
  const algorithm = { "1": "RSA-SHA1", "2": "RSA-SHA256" }[body["SignatureVersion"] ?? ""] ?? "";
  const { publicKey } = new X509Certificate(signer.pem);
  return createVerify(algorithm).update(text, "utf8").verify(publicKey, body["Signature"] ?? "", "base64");
}
