/**
 * HTTPS requests to instances. A load balancer does not verify the certificates of its instances. Source: ALB guide, "Target groups":
 * the load balancer does not validate the certificates of targets.
 *
 * @module
 */
import https from "node:https";
import { Readable } from "node:stream";
import type { ReadableStream as NodeReadableStream } from "node:stream/web";

/** Options of a request, as of `fetch`. */
interface Options {
  readonly method?: string;
  readonly headers?: Headers;
  readonly body?: ReadableStream<Uint8Array> | null;
  readonly signal: AbortSignal;
}

/** Sends a request without verifying the server's certificate: `fetch` cannot do so. Rejects as `fetch` does. */
export async function fetchUnverified(
  url: string,
  { method = "GET", headers, body, signal }: Options,
): Promise<Response> {
  const { promise, resolve, reject } = Promise.withResolvers<Response>();
  const request = https.request(
    url,
    { method, headers: Object.fromEntries(headers ?? []), rejectUnauthorized: false, agent: false, signal },
    (answer) => {
      const status = answer.statusCode ?? 502;
      const received = Object.entries(answer.headers).flatMap(([name, value]) =>
        [value ?? []].flat().map((one): [string, string] => [name, one])
      );
      const hasBody = method !== "HEAD" && status >= 200 && ![204, 304].includes(status);
      const stream = hasBody
        ? Readable.toWeb(answer) as unknown as ReadableStream<Uint8Array<ArrayBuffer>>
        : null;
      if (!hasBody) answer.resume();
      resolve(new Response(stream, { status, headers: received }));
    },
  );
  request.on("error", reject);
  if (body) Readable.fromWeb(body as unknown as NodeReadableStream).pipe(request);
  else request.end();
  return await promise;
}
