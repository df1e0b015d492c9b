/**
 * The two backends on which the contract's cases run: kas's sandbox and moto, which share no code.
 *
 * @module
 */
import { DescribeSecurityGroupsCommand, DescribeSubnetsCommand } from "@aws-sdk/client-ec2";
import { type Aws, connect } from "../../../src/aws/clients.ts";
import { type SandboxOptions, startSandbox } from "../../../src/sandbox/sandbox.ts";
import { credentials } from "../../unit/aws/wire.ts";
import { start } from "../../support/kas.ts";

/** A simulator of AWS. */
export interface Backend extends AsyncDisposable {
  readonly name: "sandbox" | "moto";
  readonly url: string;
  readonly region: string;
  readonly aws: Aws;
  /** An image that can be launched. */
  readonly image: string;
  /** The commands of `kas admin` that ran, as words. */
  readonly ran: (readonly string[])[];
  /** A subnet, and a security group of its network, that can be launched into. */
  network(): Promise<{ readonly subnet: string; readonly securityGroup: string }>;
}

const REGION = "eu-west-1";

/** One of moto's own images. Source: moto, ec2/resources/amis.json. */
const IMAGE = "ami-12c6146b";

/** An empty account in the sandbox, at 50 times real time, whose machines answer from this process. */
export async function sandboxBackend(): Promise<Backend> {
  return await withAws("sandbox", await startSandbox({ empty: true, ...FAST }));
}

/** A fast sandbox: instances boot in 40 ms, and answer /ping from this process. */
export const FAST = {
  kind: true,
  boot: 2_000,
  shutdown: 1_000,
  speed: 50,
  machine,
} as const satisfies SandboxOptions;

/**
 * Time limit of a call, in ms. moto's first answer takes seconds. moto ignores client tokens, so a retry of a launch
 * would launch a second instance.
 */
const TIME_LIMIT = 60_000;

/** An empty account in moto. */
export async function motoBackend(): Promise<Backend> {
  const server = start(["moto_server", "-H", "127.0.0.1", "-p", "0"]);
  try {
    const [, url = ""] = await server.line(/Running on (http:\S+)/);
    return await withAws("moto", { url, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() });
  } catch (error) {
    await server[Symbol.asyncDispose]();
    throw error;
  }
}

function withAws(name: Backend["name"], server: AsyncDisposable & { readonly url: string }): Backend {
  credentials();
  const aws = connect({ region: REGION, endpointUrl: server.url, timeLimit: TIME_LIMIT });
  const network = async () => {
    // The sandbox has one network.
    if (name === "sandbox") {
      return { subnet: "subnet-00000000000000002", securityGroup: "sg-00000000000000001" };
    }
    const ec2 = await aws.ec2();
    const [{ Subnets }, { SecurityGroups }] = await Promise.all([
      ec2.send(new DescribeSubnetsCommand({})),
      ec2.send(new DescribeSecurityGroupsCommand({ GroupNames: ["default"] })),
    ]);
    return { subnet: Subnets?.[0]?.SubnetId ?? "", securityGroup: SecurityGroups?.[0]?.GroupId ?? "" };
  };
  return {
    name,
    url: server.url,
    region: REGION,
    aws,
    image: IMAGE,
    ran: [],
    network,
    [Symbol.asyncDispose]: async () => {
      aws[Symbol.dispose]();
      await server[Symbol.asyncDispose]();
    },
  };
}

/** A machine that answers every request with `pong` and reports no CPU time. */
function machine({ address }: { readonly address: string }) {
  const server = Deno.serve(
    { hostname: address, port: 30_000, onListen: () => {} },
    () => new Response("pong"),
  );
  return { cpuSeconds: () => 0, signal: () => {}, [Symbol.asyncDispose]: () => server.shutdown() };
}
