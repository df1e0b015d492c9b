/**
 * The wire protocols of EC2, ELB, CloudWatch and SNS: a request to the one endpoint becomes a service, an action and its
 * input, and the output or error goes back in the same protocol. Source: docs of Smithy's AWS protocols; botocore's models.
 *
 * @module
 */
import { AwsError, type Shape } from "./service.ts";
import { readAwsQuery, readEc2Query } from "./query.ts";
import { awsQueryXml, ec2QueryXml, element, escape } from "./xml.ts";

/**
 * The services by the word that stands for them in a SigV4 credential scope, but that ELB v2 has Classic ELB's: it is told by its
 * API's version.
 */
export type ServiceName = "ec2" | "elasticloadbalancing" | "elasticloadbalancing-v2" | "monitoring" | "sns";

/** A request off the wire, and what is needed to answer it in kind. */
export interface Received {
  readonly protocol: "ec2Query" | "awsQuery" | "awsJson";
  readonly service: ServiceName;
  readonly action: string;
  readonly input: Shape;
  /** Whether it carries a signature; the sandbox does not check it. */
  readonly signed: boolean;
  /** When, by the client's clock, ms since the epoch. */
  readonly signedAt?: number | undefined;
  readonly requestId: string;
  /** Why it can't be carried out, whatever the action. */
  readonly refusal?: AwsError;
}

/** Query protocols tell by the API's version whom a request is for. Source: botocore, metadata.apiVersion. */
const VERSIONS: Readonly<Record<string, ServiceName>> = {
  "2016-11-15": "ec2",
  "2012-06-01": "elasticloadbalancing",
  "2015-12-01": "elasticloadbalancing-v2",
  "2010-08-01": "monitoring",
  "2010-03-31": "sns",
};

const NAMESPACES: Readonly<Record<ServiceName, string>> = {
  ec2: "http://ec2.amazonaws.com/doc/2016-11-15/",
  elasticloadbalancing: "http://elasticloadbalancing.amazonaws.com/doc/2012-06-01/",
  "elasticloadbalancing-v2": "http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/",
  monitoring: "http://monitoring.amazonaws.com/doc/2010-08-01/",
  sns: "http://sns.amazonaws.com/doc/2010-03-31/",
};

/** Where the shape of a CloudWatch error is not called by its code. Source: botocore cloudwatch/2010-08-01, error.code. */
const CLOUDWATCH_SHAPES: Readonly<Record<string, string>> = {
  InternalServiceError: "InternalServiceFault",
  InvalidFormat: "InvalidFormatFault",
  InvalidParameterCombination: "InvalidParameterCombinationException",
  InvalidParameterValue: "InvalidParameterValueException",
  LimitExceeded: "LimitExceededFault",
  MissingParameter: "MissingRequiredParameterException",
};

/** Reads a request. Throws only where its body ends before its time: what else is wrong with it is its `refusal`. */
export async function receive(request: Request): Promise<Received> {
  const scope = credentialScope(request.headers.get("authorization"));
  const requestId = crypto.randomUUID();
  const signedAt = amzDate(request.headers.get("x-amz-date"));
  const target = request.headers.get("x-amz-target");
  if (target !== null) {
    return { ...await receiveJson(request, target, scope, requestId), signedAt };
  }

  const form = request.method === "GET"
    ? new URL(request.url).searchParams
    : new URLSearchParams(await request.text());
  const version = form.get("Version") ?? "";
  const versioned = VERSIONS[version];
  const service = scope === undefined || versioned === "elasticloadbalancing-v2"
    ? versioned ?? "sns"
    : scope.service;
  const action = form.get("Action") ?? "";
  const input = service === "ec2" ? readEc2Query(form) : readAwsQuery(form);
  const protocol = service === "ec2" ? "ec2Query" : "awsQuery";
  const signed = scope !== undefined;
  const received = { protocol, service, action, input, signed, signedAt, requestId } as const;
  if (/cbor/.test(request.headers.get("content-type") ?? "")) {
    return {
      ...received,
      refusal: new AwsError("UnsupportedProtocol", "The sandbox does not speak CBOR", 415),
    };
  }
  if (action === "") {
    return {
      ...received,
      refusal: new AwsError("MissingAction", "The request must contain the parameter Action"),
    };
  }
  return received;
}

async function receiveJson(
  request: Request,
  target: string,
  scope: { service: ServiceName } | undefined,
  requestId: string,
): Promise<Received> {
  const action = target.slice(target.lastIndexOf(".") + 1);
  const received = {
    protocol: "awsJson",
    service: scope?.service ?? "monitoring",
    action,
    signed: scope !== undefined,
    requestId,
  } as const;
  try {
    const body = await request.text();
    return { ...received, input: body === "" ? {} : JSON.parse(body) as Shape };
  } catch (cause) {
    const refusal = new AwsError(
      "SerializationException",
      `Cannot read the body: ${(cause as Error).message}`,
    );
    return { ...received, input: {}, refusal };
  }
}

/** The service of `Credential=KEY/DATE/REGION/SERVICE/aws4_request`. */
function credentialScope(authorization: string | null): { service: ServiceName } | undefined {
  const service = /^AWS4-\S+ .*?Credential=[^/,]+\/\d{8}\/[^/,]+\/([^/,]+)\/aws4_request/.exec(
    authorization ?? "",
  )?.[1];
  return service !== undefined && Object.hasOwn(NAMESPACES, service)
    ? { service: service as ServiceName }
    : undefined;
}

/** What AWS answers where a signature is needed and there is none: EC2 in words and with a status of its own. */
export function unsigned(service: ServiceName): AwsError {
  return service === "ec2"
    ? new AwsError("AuthFailure", "AWS was not able to validate the provided access credentials", 401)
    : new AwsError("MissingAuthenticationToken", "Request is missing Authentication Token", 403);
}

/** `20261125T091500Z` → ms since the epoch. */
function amzDate(text: string | null): number | undefined {
  const [, year, month, day, hour, minute, second] =
    /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text ?? "") ?? [];
  return year === undefined ? undefined : Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
}

/** The answer to an action that succeeded. */
export function answer(to: Received, output: Shape | void): Response {
  const { service, action, requestId } = to;
  const id = element("RequestId", requestId);
  switch (to.protocol) {
    case "awsJson":
      return Response.json(epochSeconds(output ?? {}), {
        headers: { "content-type": "application/x-amz-json-1.0", "x-amzn-requestid": requestId },
      });
    case "ec2Query":
      return xml(
        requestId,
        root(
          `${action}Response`,
          service,
          element("requestId", requestId) + ec2QueryXml(output ?? { Return: true }),
        ),
      );
    case "awsQuery": {
      const result = output ? element(`${action}Result`, awsQueryXml(output)) : "";
      return xml(requestId, root(`${action}Response`, service, result + element("ResponseMetadata", id)));
    }
  }
}

/** The answer to an action that failed. */
export function refuse(to: Received, { code, message, status }: AwsError): Response {
  const { service, requestId } = to;
  const fault = status < 500 ? "Sender" : "Receiver";
  const details = element("Code", escape(code)) + element("Message", escape(message));
  switch (to.protocol) {
    case "awsJson":
      return Response.json(
        { __type: `com.amazonaws.cloudwatch#${CLOUDWATCH_SHAPES[code] ?? code}`, message },
        {
          status,
          headers: {
            "content-type": "application/x-amz-json-1.0",
            "x-amzn-requestid": requestId,
            "x-amzn-query-error": `${code};${fault}`,
          },
        },
      );
    case "ec2Query":
      return xml(
        requestId,
        element("Response", element("Errors", element("Error", details)) + element("RequestID", requestId)),
        status,
      );
    case "awsQuery": {
      const error = element("Error", element("Type", fault) + details);
      return xml(requestId, root("ErrorResponse", service, error + element("RequestId", requestId)), status);
    }
  }
}

function root(name: string, service: ServiceName, content: string): string {
  return `<${name} xmlns="${NAMESPACES[service]}">${content}</${name}>`;
}

function xml(requestId: string, document: string, status = 200): Response {
  return new Response(`<?xml version="1.0" encoding="UTF-8"?>\n${document}`, {
    status,
    headers: { "content-type": "text/xml;charset=UTF-8", "x-amzn-requestid": requestId },
  });
}

/** awsJson 1.0 writes times as seconds since the epoch. */
function epochSeconds(value: unknown): unknown {
  if (value instanceof Date) return value.getTime() / 1_000;
  if (Array.isArray(value)) return value.map(epochSeconds);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, epochSeconds(item)]));
}
