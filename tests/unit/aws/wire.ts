/**
 * An HTTP server that answers like AWS, for answers that neither the sandbox nor moto can give. The real SDK clients
 * call the server, and the server records their calls.
 *
 * @module
 */
import { type Account, type Aws, connect } from "../../../src/aws/clients.ts";

/** A recorded call. */
export interface WireCall {
  /** The service in the signature: ec2, elasticloadbalancing, monitoring, sns. */
  readonly service: string;
  readonly action: string;
  /** The fields of the form or of the JSON document. */
  readonly input: Readonly<Record<string, unknown>>;
  /** The client's port. Calls on the same connection have the same port. */
  readonly port: number;
}

/** The server, its clients, and the calls so far. */
export interface Wire extends AsyncDisposable {
  readonly url: string;
  readonly aws: Aws;
  readonly calls: readonly WireCall[];
}

/** Starts a server with a function that answers each call. */
export function wire(
  answer: (call: WireCall, index: number) => Response | Promise<Response>,
  account: Account = {},
): Wire {
  credentials();
  const calls: WireCall[] = [];
  const closed = new AbortController();
  const options = { hostname: "127.0.0.1", port: 0, signal: closed.signal, onListen: () => {} };
  const server = Deno.serve(options, async (request, { remoteAddr }) => {
    const call = { ...await read(request), port: remoteAddr.port };
    calls.push(call);
    return await answer(call, calls.length - 1);
  });
  const url = `http://127.0.0.1:${server.addr.port}`;
  const aws = connect({ region: "eu-west-1", endpointUrl: url, ...account });
  return {
    url,
    aws,
    calls,
    [Symbol.asyncDispose]: async () => {
      aws[Symbol.dispose]();
      // Abort the server, because a shutdown would wait for answers that a test never gives.
      closed.abort();
      await server.finished;
    },
  };
}

/** Sets AWS credentials in the environment, which all tests of a process share. */
export function credentials(): void {
  Deno.env.set("AWS_ACCESS_KEY_ID", "test");
  Deno.env.set("AWS_SECRET_ACCESS_KEY", "test");
}

async function read(request: Request): Promise<Omit<WireCall, "port">> {
  const scope = /Credential=[^/]+\/\d+\/[^/]+\/([^/]+)\//.exec(request.headers.get("authorization") ?? "");
  const service = scope?.[1] ?? "";
  const target = request.headers.get("x-amz-target");
  if (target !== null) return { service, action: target.replace(/^.*\./, ""), input: await request.json() };
  const input = Object.fromEntries(new URLSearchParams(await request.text()));
  return { service, action: input["Action"] ?? "", input };
}

/** An answer of EC2 with these elements in `<ActionResponse>`. */
export function ec2(action: string, elements: string): Response {
  return new Response(
    `<${action}Response xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>r</requestId>${elements}</${action}Response>`,
  );
}

/** An answer of a query service (ELB, SNS) with these elements in `<ActionResult>`. */
export function query(action: string, elements: string): Response {
  return new Response(
    `<${action}Response><${action}Result>${elements}</${action}Result>` +
      `<ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></${action}Response>`,
  );
}

/** An error of EC2. */
export function ec2Error(code: string, message: string, status = 400): Response {
  const error = `<Error><Code>${code}</Code><Message>${message}</Message></Error>`;
  return new Response(`<Response><Errors>${error}</Errors><RequestID>r</RequestID></Response>`, { status });
}

/** An error of a query service. */
export function queryError(code: string, message: string, status = 400): Response {
  const error = `<Error><Type>Sender</Type><Code>${code}</Code><Message>${message}</Message></Error>`;
  return new Response(`<ErrorResponse>${error}<RequestId>r</RequestId></ErrorResponse>`, { status });
}

/** An answer of CloudWatch. */
export function json(document: unknown): Response {
  return Response.json(document, { headers: { "content-type": "application/x-amz-json-1.0" } });
}
