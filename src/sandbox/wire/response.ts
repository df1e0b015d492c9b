/**
 * Writes responses of AWS: converts an action's output or error to the wire protocol of the request. Source: documentation of
 * Smithy's AWS protocols; botocore's models.
 *
 * @module
 */
import type { AwsError, Shape } from "./action.ts";
import type { AwsRequest } from "./request.ts";
import { NAMESPACES, type ServiceName } from "./service_name.ts";
import { awsQueryXml, ec2QueryXml, element, escape } from "./xml.ts";

/** CloudWatch's error shapes whose name differs from the error code. Source: botocore cloudwatch/2010-08-01, error.code. */
const CLOUDWATCH_SHAPES: Readonly<Record<string, string>> = {
  InternalServiceError: "InternalServiceFault",
  InvalidFormat: "InvalidFormatFault",
  InvalidParameterCombination: "InvalidParameterCombinationException",
  InvalidParameterValue: "InvalidParameterValueException",
  LimitExceeded: "LimitExceededFault",
  MissingParameter: "MissingRequiredParameterException",
};

/** Writes the HTTP response of a successful action. */
export function successResponse(request: AwsRequest, output: Shape | void): Response {
  const { protocol, service, action, requestId } = request;
  switch (protocol) {
    case "awsJson":
      return Response.json(epochSeconds(output ?? {}), { headers: jsonHeaders(requestId) });
    case "ec2Query": {
      const content = element("requestId", requestId) + ec2QueryXml(output ?? { Return: true });
      return xmlResponse(requestId, rootElement(`${action}Response`, service, content));
    }
    case "awsQuery": {
      const result = output ? element(`${action}Result`, awsQueryXml(output)) : "";
      const metadata = element("ResponseMetadata", element("RequestId", requestId));
      return xmlResponse(requestId, rootElement(`${action}Response`, service, result + metadata));
    }
  }
}

/** Writes the HTTP response of a failed action. */
export function errorResponse(request: AwsRequest, { code, message, status }: AwsError): Response {
  const { protocol, service, requestId } = request;
  const fault = status < 500 ? "Sender" : "Receiver";
  const details = element("Code", escape(code)) + element("Message", escape(message));
  switch (protocol) {
    case "awsJson":
      return Response.json(
        { __type: `com.amazonaws.cloudwatch#${CLOUDWATCH_SHAPES[code] ?? code}`, message },
        { status, headers: { ...jsonHeaders(requestId), "x-amzn-query-error": `${code};${fault}` } },
      );
    case "ec2Query": {
      const errors = element("Errors", element("Error", details));
      return xmlResponse(
        requestId,
        element("Response", errors + element("RequestID", requestId)),
        status,
      );
    }
    case "awsQuery": {
      const error = element("Error", element("Type", fault) + details);
      const content = error + element("RequestId", requestId);
      return xmlResponse(requestId, rootElement("ErrorResponse", service, content), status);
    }
  }
}

function jsonHeaders(requestId: string): Record<string, string> {
  return { "content-type": "application/x-amz-json-1.0", "x-amzn-requestid": requestId };
}

function rootElement(name: string, service: ServiceName, content: string): string {
  return `<${name} xmlns="${NAMESPACES[service]}">${content}</${name}>`;
}

function xmlResponse(requestId: string, document: string, status = 200): Response {
  return new Response(`<?xml version="1.0" encoding="UTF-8"?>\n${document}`, {
    status,
    headers: { "content-type": "text/xml;charset=UTF-8", "x-amzn-requestid": requestId },
  });
}

/** Replaces each Date by seconds since the epoch, the time format of awsJson 1.0. */
function epochSeconds(value: unknown): unknown {
  if (value instanceof Date) return value.getTime() / 1_000;
  if (Array.isArray(value)) return value.map(epochSeconds);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, epochSeconds(item)]));
}
