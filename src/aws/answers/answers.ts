/**
 * Answers that kas reads by itself, in the place of the SDK: of a long listing it needs little, and the SDK's reading of it, all
 * of it, holds the whole program up. All else about the call stays the SDK's: signature, retries, errors.
 *
 * @module
 */
import { UnreachableError } from "../errors.ts";

/** What makes one attempt at a call and reads its answer. */
type Handler<I, O> = (args: I) => Promise<O>;

/** Where a command of the SDK's takes a middleware around that: this place is before the SDK's own reading. */
interface AnswerStack {
  add(
    middleware: <I, O extends { readonly response: unknown }>(next: Handler<I, O>) => Handler<I, O>,
    place: { step: "deserialize"; priority: "low"; name: string },
  ): void;
}

/**
 * Has a call's answer read by `read`; the SDK is handed an empty one in its place. What `read` throws ends the attempt, and with
 * {@linkcode UnreachableError} it is tried again, as what can't be read is as good as no answer.
 *
 * @returns what was read, once the call is made
 */
export function readBy<T>(stack: AnswerStack, read: (text: string) => T): () => T {
  const answers: T[] = [];
  stack.add(
    (next) => async (args) => {
      const answer = await next(args);
      const response = answer.response as { statusCode: number; body: Uint8Array };
      // An error is the SDK's to read.
      if (response.statusCode !== 200) return answer;
      answers.push(read(new TextDecoder().decode(response.body)));
      response.body = new Uint8Array();
      return answer;
    },
    { step: "deserialize", priority: "low", name: "readBy" },
  );
  return () => {
    const [read] = answers.slice(-1);
    if (read === undefined) throw new UnreachableError("AWS's answer can't be read: it is none");
    return read;
  };
}
