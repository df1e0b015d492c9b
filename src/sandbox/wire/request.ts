/**
 * Reads requests to AWS: finds the service, the action and the input of an HTTP request in any of the three wire protocols.
 * Source: documentation of Smithy's AWS protocols; botocore's models.
 *
 * @module
 */
import { AwsError, type Shape } from "./action.ts";
import { readAwsQuery, readEc2Query } from "./query.ts";
import { NAMESPACES, type ServiceName, VERSIONS } from "./service_name.ts";

/** A request to AWS, with the data that its response needs. */
export interface AwsRequest {
  readonly protocol: "ec2Query" | "awsQuery" | "awsJson";
  readonly service: ServiceName;
  readonly action: string;
  readonly input: Shape;
  /** Whether the request has a signature. The sandbox does not verify signatures. */
  readonly signed: boolean;
  /** Time of the signature by the client's clock, in ms since the epoch. */
  readonly signedAt?: number | undefined;
  readonly requestId: string;
  /** Error of an invalid request; undefined if the request is valid. */
  readonly error?: AwsError;
}

/** Reads a request. An invalid request has an `error`. Throws only if the client disconnects while sending the body. */
export async function readRequest(request: Request): Promise<AwsRequest> {
  const scope = credentialScope(request.headers.get("authorization"));
  const requestId = crypto.randomUUID();
  const signedAt = amzDate(request.headers.get("x-amz-date"));
  const target = request.headers.get("x-amz-target");
  if (target !== null) {
    return { ...await readJsonRequest(request, target, scope, requestId), signedAt };
  }

  const form = request.method === "GET"
    ? new URL(request.url).searchParams
    : new URLSearchParams(await request.text());
  const versioned = VERSIONS[form.get("Version") ?? ""];
  const service = scope === undefined || versioned === "elasticloadbalancing-v2" ? versioned ?? "sns" : scope;
  const action = form.get("Action") ?? "";
  const input = service === "ec2" ? readEc2Query(form) : readAwsQuery(form);
  const protocol = service === "ec2" ? "ec2Query" : "awsQuery";
  const signed = scope !== undefined;
  const read = { protocol, service, action, input, signed, signedAt, requestId } as const;
  if (/cbor/.test(request.headers.get("content-type") ?? "")) {
    return { ...read, error: new AwsError("UnsupportedProtocol", "The sandbox does not support CBOR", 415) };
  }
  if (action === "") {
    return {
      ...read,
      error: new AwsError("MissingAction", "The request must contain the parameter Action"),
    };
  }
  return read;
}

async function readJsonRequest(
  request: Request,
  target: string,
  scope: ServiceName | undefined,
  requestId: string,
): Promise<AwsRequest> {
  const read = {
    protocol: "awsJson",
    service: scope ?? "monitoring",
    action: target.slice(target.lastIndexOf(".") + 1),
    signed: scope !== undefined,
    requestId,
  } as const;
  try {
    const body = await request.text();
    return { ...read, input: body === "" ? {} : JSON.parse(body) as Shape };
  } catch (cause) {
    const message = `Cannot read the body: ${(cause as Error).message}`;
    return { ...read, input: {}, error: new AwsError("SerializationException", message) };
  }
}

/** Returns the service from the credential scope `Credential=KEY/DATE/REGION/SERVICE/aws4_request`. */
function credentialScope(authorization: string | null): ServiceName | undefined {
  const service = /^AWS4-\S+ .*?Credential=[^/,]+\/\d{8}\/[^/,]+\/([^/,]+)\/aws4_request/.exec(
    authorization ?? "",
  )?.[1];
  return service !== undefined && Object.hasOwn(NAMESPACES, service) ? service as ServiceName : undefined;
}

/** Converts a time such as `20261125T091500Z` to ms since the epoch. */
function amzDate(text: string | null): number | undefined {
  const [, year, month, day, hour, minute, second] =
    /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text ?? "") ?? [];
  return year === undefined ? undefined : Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
}
