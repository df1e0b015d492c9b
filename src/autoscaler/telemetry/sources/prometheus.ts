/**
 * A metric from a Prometheus server. Source: Prometheus documentation, "HTTP API", Instant queries.
 *
 * @module
 */
import { z } from "zod";
import type { Runtime } from "../../../runtime.ts";
import type { PrometheusSpec } from "../../../settings/metrics/spec.ts";
import { fetchJson } from "./fetch_json.ts";
import { quoted, SourceError } from "./source_error.ts";

/** A value and its time in s since the epoch. */
const SAMPLE = z.tuple([z.number(), z.string()]);

const RESULT = z.object({
  status: z.literal("success"),
  data: z.discriminatedUnion("resultType", [
    z.object({ resultType: z.literal("scalar"), result: SAMPLE }),
    z.object({ resultType: z.literal("vector"), result: z.array(z.object({ value: SAMPLE })) }),
  ]),
});

const FAILURE = z.object({ status: z.literal("error"), error: z.string() });

/** The value of a query and when it was true, in ms since the epoch. */
export interface QueryValue {
  readonly value: number;
  readonly at: number;
}

/**
 * Asks a Prometheus server for the present value of a query.
 *
 * @throws {SourceError} if the query does not have exactly one value, or if it fails
 */
export async function queryPrometheus(
  { url, query }: PrometheusSpec,
  runtime: Pick<Runtime, "fetch" | "clock">,
  signal: AbortSignal,
): Promise<QueryValue> {
  const { status, body } = await fetchJson(queryUrl(url, query), runtime, signal);
  const failure = FAILURE.safeParse(body);
  if (failure.success) throw new SourceError(`the query failed: ${quoted(failure.data.error)}`);
  const answer = RESULT.safeParse(body);
  if (status !== 200) throw new SourceError(`HTTP status ${status}`);
  if (!answer.success) throw new SourceError("the answer is not the result of an instant query");
  const { data } = answer.data;
  const [sample, ...more] = data.resultType === "scalar" ? [data.result] : data.result.map((it) => it.value);
  if (sample === undefined) throw new SourceError("the query has no value");
  if (more.length > 0) {
    throw new SourceError(`the query has ${more.length + 1} values; sum() or max() makes one of them`);
  }
  const [at, text] = sample;
  const value = Number(text);
  if (!Number.isFinite(value)) throw new SourceError(`the value of the query is ${quoted(text)}`);
  return { value, at: at * 1_000 };
}

/** Returns the URL of a query. The server may have a path, as behind a proxy. */
function queryUrl(server: string, query: string): URL {
  const url = new URL(server);
  url.pathname = `${url.pathname.replace(/\/+$/, "")}/api/v1/query`;
  url.searchParams.set("query", query);
  return url;
}
