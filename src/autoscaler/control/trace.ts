/**
 * Spans for OpenTelemetry, which is Deno's own: with OTEL_DENO=true each decision and each activity is one, and the requests
 * to AWS, which Deno tells of by itself, stand under them. Without it they cost nothing.
 *
 * @module
 */
import { type Attributes, SpanStatusCode, trace } from "@opentelemetry/api";

const tracer = trace.getTracer("kas");

/**
 * Does some work as a span of a trace.
 *
 * @param work is given what adds attributes to it
 */
export function traced<T>(
  name: string,
  attributes: Attributes,
  work: (note: (more: Attributes) => void) => Promise<T>,
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
