/**
 * Creates OpenTelemetry spans. With OTEL_DENO=true, Deno exports a span for each decision and each activity, and adds the
 * requests to AWS as their children. Without OTEL_DENO, a span does nothing.
 *
 * @module
 */
import { type Attributes, SpanStatusCode, trace } from "@opentelemetry/api";

const tracer = trace.getTracer("kas");

/**
 * Runs `work` in a span.
 *
 * @param work receives a function that adds attributes to the span
 */
export function traced<T>(
  name: string,
  attributes: Attributes,
  work: (addAttributes: (more: Attributes) => void) => Promise<T>,
): Promise<T> {
  return tracer.startActiveSpan(name, { attributes }, async (span) => {
    try {
      return await work((more) => span.setAttributes(more));
    } catch (error) {
      span.setStatus({ code: SpanStatusCode.ERROR, message: (error as Error).message });
      throw error;
    } finally {
      span.end();
    }
  });
}
