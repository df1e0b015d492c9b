/**
 * The two stand-ins for AWS that the contract's cases run against: our sandbox, and moto, which shares no code with it.
 *
 * @module
 */
import { DescribeSecurityGroupsCommand, DescribeSubnetsCommand } from "@aws-sdk/client-ec2";
import { type Aws, connect } from "../../../src/aws/clients.ts";
import { type SandboxOptions, startSandbox } from "../../../src/sandbox/sandbox.ts";
import { credentials } from "../../unit/aws/wire.ts";
import { start } from "../../support/kas.ts";

/** AWS as the cases see it. */
export interface Backend extends AsyncDisposable {
  readonly name: "sandbox" | "moto";
  readonly url: string;
  readonly region: string;
  readonly aws: Aws;
  /** An image that can be launched. */
  readonly image: string;
  /** What was said to `kas admin`: the words of each command. */
  readonly said: (readonly string[])[];
  /** A subnet, and a security group of its network, that can be launched into. */
  network(): Promise<{ readonly subnet: string; readonly securityGroup: string }>;
}

const REGION = "eu-west-1";

/** One of moto's own images. Source: moto, ec2/resources/amis.json. */
const IMAGE = "ami-12c6146b";

/** An empty account in our sandbox, fifty times faster than life, whose machines answer in this process. */
export async function sandboxBackend(): Promise<Backend> {
  return await withAws("sandbox", await startSandbox({ empty: true, ...FAST }));
}

/** A sandbox that loses no time: instances boot in 40 ms, and answer /ping from this process. */
export const FAST = { boot: 2_000, shutdown: 1_000, speed: 50, machine } as const satisfies SandboxOptions;

/** The longest wait for an answer, ms: moto takes seconds over its first, and as it keeps no tokens a repeat of it launches once more. */
const PATIENCE = 60_000;

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
  const aws = connect({ region: REGION, endpointUrl: server.url, timeLimit: PATIENCE });
  const network = async () => {
    // The sandbox has one network, which need not be asked for.
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
    said: [],
    network,
    [Symbol.asyncDispose]: async () => {
      aws[Symbol.dispose]();
      await server[Symbol.asyncDispose]();
    },
  };
}

/** A machine that answers everything with `pong` and uses no CPU to speak of. */
function machine({ address }: { readonly address: string }) {
  const server = Deno.serve(
    { hostname: address, port: 30_000, onListen: () => {} },
    () => new Response("pong"),
  );
  return { cpuSeconds: () => 0, [Symbol.asyncDispose]: () => server.shutdown() };
}
