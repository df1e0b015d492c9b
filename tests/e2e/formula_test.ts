/**
 * Formulas over metrics of real servers scale the sandbox's fleet: moto's SQS queue and CloudWatch metric, and Debian's Prometheus server.
 *
 * The sandbox has no SQS, so a relay sends the calls of SQS and of the queue's metric to moto, and all others to the sandbox.
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import {
  CreateQueueCommand,
  PurgeQueueCommand,
  SendMessageBatchCommand,
  SQSClient,
} from "@aws-sdk/client-sqs";
import { CloudWatchClient, PutMetricDataCommand } from "@aws-sdk/client-cloudwatch";
import { type Sandbox, startSandbox } from "../../src/sandbox/sandbox.ts";
import { eventually, execute, FROM_SOURCE, start } from "../support/kas.ts";
import { program, testWith } from "../support/needs.ts";
import { credentials } from "../unit/aws/wire.ts";
import { machines } from "../unit/autoscaler/fixtures.ts";
import { motoBackend } from "./contract/backends.ts";

const REGION = "eu-west-1";

/** Returns the number of instances in service. */
function inService({ account }: Pick<Sandbox, "account">): number {
  return account.instances()
    .filter(({ registration, state }) => state === "running" && registration === "in-service").length;
}

/** A sandbox, and the autoscaler's config file. */
interface Stage extends AsyncDisposable {
  readonly sandbox: Sandbox;
  /** Runs `kas` with the settings, and returns what it printed. */
  readonly kas: (...words: string[]) => Promise<{ readonly code: number; readonly stdout: string }>;
  /** Starts the autoscaler. */
  readonly autoscaler: () => ReturnType<typeof start>;
}

/** Starts a sandbox with four nodes, whose autoscaler has these settings. */
async function stage(settings: object, endpoint?: (sandbox: string) => string): Promise<Stage> {
  credentials();
  const sandbox = await startSandbox({
    kind: true,
    nodes: 4,
    speed: 40,
    balancerPort: 0,
    machine: machines(),
  });
  const folder = await Deno.makeTempDir();
  const config = `${folder}/kas.json`;
  const quick = { resync: "400ms", warmup: "0s", "cooldown-in": "0s", "metric-delay": "0s", min: 1, max: 5 };
  await Deno.writeTextFile(config, JSON.stringify({ ...quick, ...settings }));
  const url = endpoint?.(sandbox.url) ?? sandbox.url;
  const env = { ...sandbox.env, KAS_ENDPOINT_URL: url, AWS_ENDPOINT_URL: url, KAS_CONFIG: config };
  return {
    sandbox,
    kas: (...words) => execute([...FROM_SOURCE, ...words], env),
    autoscaler: () => start([...FROM_SOURCE, "autoscaler", "--pull", "--state", `${folder}/state`], env),
    [Symbol.asyncDispose]: async () => {
      await sandbox[Symbol.asyncDispose]();
      await Deno.remove(folder, { recursive: true });
    },
  };
}

/** Starts a server that sends the requests that `isOther` selects to `other`, and the rest to `main`. */
function relay(other: string, isOther: (request: Request, body: string) => boolean) {
  let main = "";
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
    const body = await request.text();
    const { pathname, search } = new URL(request.url);
    const to = isOther(request, body) ? other : main;
    return await fetch(to + pathname + search, { method: request.method, headers: request.headers, body });
  });
  return {
    before: (url: string) => {
      main = url;
      return `http://127.0.0.1:${server.addr.port}`;
    },
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

testWith(
  [program("moto_server")],
  "a formula over the backlog of moto's SQS queue scales the fleet out and in, and the dry run and doctor show the backlog",
  async () => {
    await using moto = await motoBackend();
    const client = new SQSClient({ region: REGION, endpoint: moto.url });
    try {
      const { QueueUrl } = await client.send(new CreateQueueCommand({ QueueName: "orders" }));
      const send = (count: number) =>
        client.send(
          new SendMessageBatchCommand({
            QueueUrl,
            Entries: Array.from({ length: count }, (_, i) => ({ Id: `m${i}`, MessageBody: "x" })),
          }),
        );
      await using between = relay(
        moto.url,
        ({ headers }) => /\/sqs\/aws4_request/.test(headers.get("authorization") ?? ""),
      );
      await using it = await stage({
        policies: [{ type: "formula", capacity: "ceil(backlog / 3)" }],
        metrics: { backlog: { type: "sqs", queue: "orders" } },
      }, between.before);
      await send(10);
      // moto's first answers may take longer than kas waits for a metric.
      const { stdout } = await eventually(
        () => it.kas("admin", "scale", "to", "1", "--dry-run"),
        ({ stdout }) => /metric\s+backlog\s+10\s+SQS queue orders, [\d.]+ m?s old/.test(stdout),
      );
      assertMatch(stdout, /policy\s+formula\s+4\s+The formula ceil\(backlog \/ 3\) gives .*: backlog is 10/);
      await eventually(
        () => it.kas("admin", "doctor", "--pull"),
        ({ stdout }) => /metrics\s+ok\s+backlog is 10/.test(stdout),
      );

      await using autoscaler = it.autoscaler();
      await eventually(() => inService(it.sandbox), (n) => n === 4);
      await client.send(new PurgeQueueCommand({ QueueUrl }));
      await eventually(() => inService(it.sandbox), (n) => n === 1);
      assert(autoscaler.lines.some((line) => /backlog is 10/.test(line)));
      assert(autoscaler.lines.some((line) => /decided stop.*backlog is 0/.test(line)));
    } finally {
      client.destroy();
    }
  },
);

testWith(
  [program("moto_server")],
  "a formula over moto's CloudWatch metric scales the fleet",
  async () => {
    await using moto = await motoBackend();
    const client = new CloudWatchClient({ region: REGION, endpoint: moto.url });
    try {
      // The present minute has not ended, so kas reads the minute before.
      const MetricData = [{
        MetricName: "jobs",
        Dimensions: [{ Name: "queue", Value: "orders" }],
        Timestamp: new Date(Date.now() - 60_000),
        Value: 7,
      }];
      await client.send(new PutMetricDataCommand({ Namespace: "App/Queues", MetricData }));
      await using between = relay(moto.url, (_, body) => body.includes("App/Queues"));
      await using it = await stage({
        policies: [{ type: "formula", atLeast: "jobs / 3", atMost: "jobs" }],
        metrics: { jobs: { type: "cloudwatch", metric: "App/Queues/jobs{queue=orders} Maximum" } },
      }, between.before);
      await using _autoscaler = it.autoscaler();
      await eventually(() => inService(it.sandbox), (n) => n === 3);
      const { stdout } = await it.kas("admin", "scale", "to", "1", "--dry-run");
      assertMatch(stdout, /metric\s+jobs\s+7\s+CloudWatch App\/Queues\/jobs Maximum, [\d.]+ s old/);
    } finally {
      client.destroy();
    }
  },
);

testWith(
  [program("prometheus")],
  "a formula over a query of a real Prometheus server scales the fleet, and keeps its capacity while the server is down",
  async () => {
    let waiting = 11;
    await using exporter = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen: () => {} },
      () =>
        new Response(
          `# TYPE jobs_waiting gauge\njobs_waiting{queue="a"} 1\njobs_waiting{queue="b"} ${waiting}\n`,
        ),
    );
    const folder = await Deno.makeTempDir();
    try {
      const port = freePort();
      await Deno.writeTextFile(
        `${folder}/prometheus.yml`,
        `{global: {scrape_interval: 1s}, scrape_configs: [{job_name: jobs, static_configs: [{targets: ["127.0.0.1:${exporter.addr.port}"]}]}]}`,
      );
      const url = `http://127.0.0.1:${port}`;
      await using it = await stage({
        policies: [{ type: "formula", capacity: "ceil(jobs / 4)" }],
        metrics: { jobs: { type: "prometheus", url, query: "sum(jobs_waiting)" } },
      });
      await using autoscaler = it.autoscaler();
      {
        await using server = start([
          "prometheus",
          `--config.file=${folder}/prometheus.yml`,
          `--storage.tsdb.path=${folder}/data`,
          `--web.listen-address=127.0.0.1:${port}`,
        ]);
        await server.line(/Server is ready/);
        await eventually(() => inService(it.sandbox), (n) => n === 3);
        waiting = 3;
        await eventually(() => inService(it.sandbox), (n) => n === 1);
        waiting = 7;
        await eventually(() => inService(it.sandbox), (n) => n === 2);
      }
      await autoscaler.line(/metric has no value.*metric="?jobs/);
      const seen = autoscaler.lines.length;
      const { stdout } = await it.kas("admin", "scale", "to", "2", "--dry-run");
      assertMatch(stdout, /metric\s+jobs\s+-\s+Prometheus 127\.0\.0\.1:\d+: /);
      assertMatch(
        stdout,
        /policy\s+formula\s+-\s+The formula ceil\(jobs \/ 4\) has no value: jobs is unknown/,
      );
      assertEquals(inService(it.sandbox), 2);
      assertEquals(autoscaler.lines.slice(seen).filter((line) => /decided (start|stop)/.test(line)), []);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
);

/** Returns a port that no program uses now. Prometheus does not print the port that it gets for port 0. */
function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return (listener.addr as Deno.NetAddr).port;
}
