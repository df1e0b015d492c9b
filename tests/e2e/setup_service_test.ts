/**
 * A service of one's own, from an empty account to an empty account: `kas admin setup` creates the load balancer, kas scales the service out
 * and in under load, and `kas admin teardown` deletes everything. The AWS CLI lists what is left.
 */
import { assert, assertEquals } from "@std/assert";
import { balancerRef, registrations } from "../../src/aws/balancing/balancer.ts";
import { connect } from "../../src/aws/clients.ts";
import { startSandbox } from "../../src/sandbox/sandbox.ts";
import { eventually, execute, FROM_SOURCE, start } from "../support/kas.ts";
import { program, testWith } from "../support/needs.ts";
import { inventory } from "./inventory.ts";
import { credentials } from "../unit/aws/wire.ts";

const BASE = "i-00000000000000001";
const NODE = "i-00000000000000002";
const FLEET = "shop";

const file = (path: string) => decodeURIComponent(new URL(path, import.meta.url).pathname);

/** A service behind a load balancer that `kas admin setup` creates. */
interface Service {
  readonly command: string;
  readonly setup: string;
  /** Sends a request to the load balancer. Throws an error, or returns the answer. */
  readonly request: (host: string) => Promise<string>;
  readonly answer: RegExp;
}

const SERVICES: Readonly<Record<string, Service>> = {
  "a Node server with /healthz behind an Application Load Balancer": {
    command: `node '${file("../../examples/node-server/server.js")}'`,
    setup: "--balancer application --listen http:8088 --forward 8080 --health-check /healthz",
    request: async (host) => {
      using client = Deno.createHttpClient({ poolMaxIdlePerHost: 0 });
      const response = await fetch(`http://${host}:8088/`, { client });
      const text = await response.text();
      return response.ok ? text : Promise.reject(new Error(`${response.status} ${text}`));
    },
    answer: /^[0-9a-f]{64} from i-/,
  },
  "a TCP service behind a Network Load Balancer": {
    command: `node '${file("testdata/tcp_service.cjs")}'`,
    setup: "--balancer network --listen tcp:5433 --forward 8080",
    request: async (host) => {
      using connection = await Deno.connect({ hostname: host, port: 5433 });
      await connection.write(new TextEncoder().encode("who are you?\n"));
      const buffer = new Uint8Array(100);
      const length = await connection.read(buffer);
      return new TextDecoder().decode(buffer.subarray(0, length ?? 0));
    },
    answer: /^i-/,
  },
};

for (const [name, service] of Object.entries(SERVICES)) {
  testWith(
    [program("node"), program("aws")],
    `${name} is set up from an empty account, scales out and in without a failed request, and leaves nothing`,
    async () => {
      credentials();
      const faults = ["security-groups=on"];
      const options = { empty: true, fleet: FLEET, speed: 30, service: service.command, faults };
      await using sandbox = await startSandbox(options);
      const { KAS_TOPIC_ARN: _, ...env } = sandbox.env;
      const run = (words: string, more: Record<string, string> = {}) =>
        execute([...FROM_SOURCE, "admin", ...words.split(" "), "--output", "json"], { ...env, ...more });
      const kas = async (words: string, more: Record<string, string> = {}) => {
        const ended = await run(words, more);
        assertEquals(ended.code, 0, `${words}: ${ended.stderr}${ended.stdout}`);
        return JSON.parse(ended.stdout) as Record<string, unknown>[];
      };
      const empty = await inventory(env);

      await kas("instances create --role base --image ami-1");
      await kas("instances create --image ami-1");
      const running = () => sandbox.account.instances().every(({ state }) => state === "running");
      await sandbox.account.waitUntil(running);
      await kas(`instances stop ${NODE}`);
      const rows = await kas(`setup ${service.setup}`);
      const arn = String(rows.find(({ resource }) => resource === "target-group")?.["arn"]);
      const topic = `arn:aws:sns:eu-west-1:000000000000:${FLEET}`;
      const settings = { KAS_TARGET_GROUP: arn, KAS_TOPIC_ARN: topic };

      const state = await Deno.makeTempDir();
      try {
        const flags = `--listen 127.0.0.1:0 --state ${state} --warmup 0s --metric-delay 0s`;
        await using autoscaler = start([...FROM_SOURCE, "autoscaler", ...flags.split(" ")], {
          ...env,
          ...settings,
        });
        const [, url = ""] = await autoscaler.line(/listening on (http:\/\/\S+)/);
        // The CPU crosses no such threshold: only the test changes the states of the alarms.
        await kas(`setup --url ${url} --cpu 0.001:100`, settings);
        using aws = connect({ region: "eu-west-1", endpointUrl: sandbox.url });
        const ref = balancerRef({ fleet: FLEET, targetGroup: [arn] });
        const isServing = (id: string) =>
          eventually(() => registrations(aws, ref), (found) => found.get(id) === "in-service");
        await isServing(BASE);

        const [{ dns_name: host } = {}] = await kas("balancers", settings);
        await using clients = load(() => service.request(String(host)));
        await kas(`alarms test ${FLEET}:cpuhigh:${BASE} ALARM`, settings);
        await isServing(NODE);
        await eventually(() => clients.answers(), (answers) => answers.some((text) => text.includes(NODE)));
        await kas(`alarms test ${FLEET}:cpuhigh:${BASE} OK`, settings);
        // kas refuses the scale-in as long as the load is too high for one instance.
        clients.slowDown();
        const scaleIn = () => run(`scale in --instance ${NODE} --warmup 0s`, settings);
        const { stdout } = await eventually(scaleIn, ({ code }) => code === 0);
        const [scaled] = JSON.parse(stdout);
        assertEquals([scaled.instance, scaled.status], [NODE, "successful"]);
        const { answers, failed } = await clients.end();
        assertEquals(failed, []);
        assert(answers.length > 20 && answers.every((text) => service.answer.test(text)), answers.join("\n"));
      } finally {
        await Deno.remove(state, { recursive: true });
      }
      await kas("teardown --instances --yes");
      const gone = () => sandbox.account.instances().every(({ state }) => state === "terminated");
      await sandbox.account.waitUntil(gone);
      assertEquals(await inventory(env), empty);
    },
  );
}

/** Two clients that send one request after another until `end` is called. */
function load(request: () => Promise<string>) {
  const failed: string[] = [];
  const answers: string[] = [];
  let ended = false;
  let pause = 30;
  const client = async () => {
    while (!ended) {
      await request().then((text) => void answers.push(text), (error) => void failed.push(String(error)));
      // Leaves CPU time for the sandbox and the autoscaler.
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  };
  const clients = [client(), client()];
  const end = async () => {
    ended = true;
    await Promise.all(clients);
    return { answers, failed };
  };
  return {
    answers: () => Promise.resolve(answers),
    slowDown: () => void (pause = 300),
    end,
    [Symbol.asyncDispose]: async () => void await end(),
  };
}
