/**
 * src/aws/sns on each backend.
 *
 * @module
 */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { isNotFound } from "../../../src/aws/errors.ts";
import {
  confirmSubscription,
  createTopic,
  deleteTopic,
  listSubscriptions,
  listTopics,
  subscribe,
  unsubscribe,
} from "../../../src/aws/sns/topic.ts";
import type { Case } from "./cases.ts";

export const SNS_CASES: readonly Case[] = [
  {
    name: "createTopic() creates one topic, however often it is called",
    run: async ({ aws, region }, fleet) => {
      const arn = await createTopic(aws, fleet);
      assert(new RegExp(`^arn:aws:sns:${region}:\\d{12}:${fleet}$`).test(arn), arn);
      assertEquals(await createTopic(aws, fleet), arn);
      const listed = await Array.fromAsync(listTopics(aws));
      assertEquals(listed.filter((listed) => listed === arn), [arn]);
    },
  },
  {
    name: "deleteTopic() deletes a topic, and ignores a topic that does not exist",
    run: async ({ aws }, fleet) => {
      const arn = await createTopic(aws, fleet);
      await deleteTopic(aws, arn);
      await deleteTopic(aws, arn);
      assertEquals((await Array.fromAsync(listTopics(aws))).includes(arn), false);
    },
  },
  {
    name: "subscribe(), confirmSubscription() and unsubscribe() take a subscription from pending to deleted",
    run: async ({ aws, name }, fleet) => {
      await using endpoint = listen();
      const topic = await createTopic(aws, fleet);
      const arn = await subscribe(aws, topic, endpoint.url);
      assertEquals(await subscribe(aws, topic, endpoint.url), arn);
      const list = async () => await Array.fromAsync(listSubscriptions(aws, topic));
      if (name === "moto") {
        // moto confirms a subscription by itself and sends no token. It accepts any token, and answers with an ARN that
        // cannot be used.
        assert((await confirmSubscription(aws, topic, "any")).startsWith("arn:aws:sns:"));
      } else {
        const pending = {
          arn: "PendingConfirmation",
          endpoint: endpoint.url,
          protocol: "http",
          status: "pending",
        } as const;
        assertEquals(await list(), [pending]);
        await unsubscribe(aws, pending.arn);
        assertEquals(await list(), [pending]);
        const { Token, Type } = JSON.parse(await endpoint.received);
        assertEquals(Type, "SubscriptionConfirmation");
        assertEquals(await confirmSubscription(aws, topic, Token), arn);
        assertEquals(await confirmSubscription(aws, topic, Token), arn);
      }
      assertEquals(await list(), [{ arn, endpoint: endpoint.url, protocol: "http", status: "confirmed" }]);
      await unsubscribe(aws, arn);
      assertEquals(await list(), []);
      await unsubscribe(aws, arn);
    },
  },
  {
    name: "listSubscriptions() fails with a not-found error for a deleted topic",
    run: async ({ aws }, fleet) => {
      const arn = await createTopic(aws, fleet);
      assertEquals(await Array.fromAsync(listSubscriptions(aws, arn)), []);
      await deleteTopic(aws, arn);
      assert(isNotFound(await assertRejects(() => Array.fromAsync(listSubscriptions(aws, arn)))));
    },
  },
];

/** Starts an endpoint. `received` resolves with the first message that the endpoint receives. */
function listen(): AsyncDisposable & { readonly url: string; readonly received: Promise<string> } {
  const received = Promise.withResolvers<string>();
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
    received.resolve(await request.text());
    return new Response();
  });
  return {
    url: `http://127.0.0.1:${server.addr.port}/`,
    received: received.promise,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}
