import { assert, assertEquals } from "@std/assert";
import { eventually } from "../../../support/kas.ts";
import { BASE, lines, machines, NODES, stage } from "../../../unit/autoscaler/fixtures.ts";
import { relay, startProcess } from "../../../unit/autoscaler/process.ts";

/** A span in OTLP/JSON. */
interface Span {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly attributes: readonly { readonly key: string; readonly value: Record<string, unknown> }[];
}

/** A collector that keeps the requests that it receives over OTLP/HTTP. */
class Collector implements AsyncDisposable {
  /** The bodies of the requests, by path. */
  readonly received: { readonly path: string; readonly body: string }[] = [];
  readonly #server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
    this.received.push({ path: new URL(request.url).pathname, body: await request.text() });
    return Response.json({});
  });
  readonly url = `http://127.0.0.1:${this.#server.addr.port}`;

  get spans(): Span[] {
    return this.#all("/v1/traces", "resourceSpans").flatMap(({ scopeSpans }) => scopeSpans)
      .flatMap(({ spans }) => spans);
  }

  get services(): Set<unknown> {
    const all = this.#all("/v1/traces", "resourceSpans").flatMap(({ resource }) => resource.attributes);
    return new Set(all.filter(({ key }) => key === "service.name").map(({ value }) => value["stringValue"]));
  }

  #all(path: string, key: string) {
    return this.received.filter((it) => it.path === path).flatMap(({ body }) =>
      JSON.parse(body)[key] as {
        readonly resource: { readonly attributes: Span["attributes"] };
        readonly scopeSpans: readonly { readonly spans: readonly Span[] }[];
      }[]
    );
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#server.shutdown();
  }
}

const CREDENTIALS = {
  AWS_SECRET_ACCESS_KEY: "kEy+thaT/nobody.sees",
  AWS_SESSION_TOKEN: "toKeN+thaT/nobody.sees",
};

Deno.test("the OpenTelemetry collector receives the traces of a decision and its activity, without any secret", async () => {
  await using collector = new Collector();
  await using it = await stage({ nodes: 1, machine: machines() });
  const env = {
    ...CREDENTIALS,
    OTEL_DENO: "true",
    OTEL_SERVICE_NAME: "kas",
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
  };
  await using process = await startProcess(it, { env });
  await using between = relay(process.url);
  await it.subscribe(between);
  await it.alarm("cpuhigh", BASE, "ALARM");
  await eventually(() => lines(process), (all) => all.some(({ status }) => status === "successful"));
  const id = (await lines(process)).find(({ kind }) => kind === "start")?.message;
  // The autoscaler sends the remaining spans when it ends.
  process.kill("SIGTERM");
  assertEquals((await process.status).code, 0, process.lines.join("\n"));

  assertEquals([...collector.services], ["kas"]);
  const { spans } = collector;
  const attribute = (span: Span, key: string) =>
    span.attributes.find((it) => it.key === key)?.value["stringValue"];
  const decide = spans.find((span) => span.name === "decide" && attribute(span, "kas.message_id") === id);
  const activity = spans.find(({ name }) => name === "start");
  assert(decide !== undefined && activity !== undefined, spans.map(({ name }) => name).join());
  assertEquals(attribute(decide, "kas.decision"), "start");
  assertEquals([activity.parentSpanId, attribute(activity, "kas.instance")], [decide.spanId, NODES[0]]);
  const calls = (parent: Span) =>
    spans.filter((span) => span.parentSpanId === parent.spanId && span.name === "POST");
  // The observation has requests for instances, health and alarms. The activity has requests for the start, an observation and the
  // registration, and may have more.
  assert(calls(decide).length >= 3 && calls(activity).length >= 3);
  assert(
    spans.some((span) =>
      attribute(span, "url.path") === "/" && attribute(span, "http.request.method") === "POST"
    ),
  );

  const out = collector.received.map(({ body }) => body).join("\n");
  const found = [...between.secrets, ...Object.values(CREDENTIALS)].filter((secret) => out.includes(secret));
  assertEquals(found, []);
  assert(!/authorization|x-amz-security-token|Token=|Signature=/i.test(out));
});

Deno.test("an unavailable OpenTelemetry collector does not affect the autoscaler", async () => {
  await using it = await stage({ nodes: 1, machine: machines() });
  const env = { OTEL_DENO: "true", OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:1" };
  await using process = await startProcess(it, { env });
  await it.subscribe(process);
  await it.alarm("cpuhigh", BASE, "ALARM");
  await eventually(() => lines(process), (all) => all.some(({ status }) => status === "successful"));
  process.kill("SIGTERM");
  assertEquals((await process.status).code, 0, process.lines.join("\n"));
});
