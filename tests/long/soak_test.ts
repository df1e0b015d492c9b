/**
 * The soak: random load on a sandbox with processes, lost and duplicate messages, throttled calls, and an autoscaler that is killed
 * again and again. No invariant may break, no request may fail, and memory must not grow.
 *
 * @module
 */
import { ModifyLoadBalancerAttributesCommand } from "@aws-sdk/client-elastic-load-balancing";
import { PublishCommand } from "@aws-sdk/client-sns";
import { assert, assertEquals } from "@std/assert";
import { realTimer } from "../../src/admin/sandbox/load/timer.ts";
import { putAlarm } from "../../src/aws/cloudwatch/alarms.ts";
import { requestsOf } from "../../src/aws/balancing/classic_balancer.ts";
import { type Aws, connect } from "../../src/aws/clients.ts";
import { listSubscriptions, subscribe } from "../../src/aws/sns/topic.ts";
import { seededRandom } from "../../src/sandbox/random.ts";
import type { RandomFault } from "../../src/sandbox/faults/faults.ts";
import { type Sandbox, startSandbox } from "../../src/sandbox/sandbox.ts";
import { BUILT, eventually } from "../support/kas.ts";
import { memoryOf, Phoenix } from "./soak/autoscaler.ts";
import { seedOf, sizeOf } from "./proofs.ts";
import { Clients } from "./soak/clients.ts";
import { Invariants } from "./soak/invariants.ts";
import { reviewed } from "./soak/journal.ts";
import { alarmArn } from "../support/alarm_arn.ts";

const MINUTES = sizeOf("soak");
/**
 * How long the last process of the soak runs, in minutes. The memory no longer grows after about ten minutes, so in a
 * long soak the last process runs for 15 minutes.
 */
const LAST = MINUTES >= 30 ? 15 : MINUTES / 5;
const SEED = seedOf();

/** How many times faster than real time the sandbox and the autoscaler run. */
const SPEED = 40;

/**
 * Number of nodes in addition to the base instance. With the bounds below, one of them always runs, and one never runs.
 */
const NODES = 4;
const BOUNDS = { min: 2, max: 4, unregistered: 25_000 };

/**
 * The autoscaler's durations in ms of real time. The timeouts are long enough for work that does not run faster with
 * the sandbox's clock.
 */
const DURATIONS = {
  resync: 60_000 / SPEED,
  warmup: 120_000 / SPEED,
  "cooldown-in": 60_000 / SPEED,
  "metric-delay": 180_000 / SPEED,
  "start-timeout": 20_000,
  "drain-timeout": 20_000,
};

/** The threshold of requests per period. A client sends 7 in a period; 10 clients keep two workers busy. */
const REQUESTS = 35;
const CPU = { low: 30, high: 90 };
const PERIOD = 60;

const FAULTS = ["sns-loss=0.2", "sns-duplicates=0.3", "throttle=0.2"];

/**
 * The load balancer's idle timeout, s of the sandbox: 30 s of real time. Workers do not speed up with the sandbox, and the default
 * 60 s are 1.5 s of real time, which a busy machine may exceed.
 */
const IDLE_TIMEOUT = 30 * SPEED;

/**
 * How many notifications of another fleet's alarms are sent per second. kas verifies and stores each, and decides on no
 * action.
 */
const CHATTER = 5;

/** The test checks the memory of the last process only if the process runs at least this long, in ms. */
const LAST_LIFE = 70_000;

/**
 * How much the lowest memory of the last process may rise, in MiB. With a leak of 1 MB per message it would rise by a
 * hundred MiB.
 */
const GROWTH = 24;

Deno.test(`a soak test of ${MINUTES} minutes violates no invariant`, async () => {
  Deno.env.set("AWS_ACCESS_KEY_ID", "test");
  Deno.env.set("AWS_SECRET_ACCESS_KEY", "test");
  const length = MINUTES * 60_000;
  const random = seededRandom(SEED);
  await using stack = new AsyncDisposableStack();
  const state = await Deno.makeTempDir({ prefix: "kas-soak-" });
  stack.defer(() => Deno.remove(state, { recursive: true }));
  const worker = [...BUILT, "worker", "--threads", "1", "--work-ms", "15-45"];
  const sandbox = stack.use(
    await startSandbox({ kind: true, nodes: NODES, speed: SPEED, balancerPort: 0, worker, seed: SEED }),
  );
  const aws = stack.use(connect({ region: "eu-west-1", endpointUrl: sandbox.url }));
  const topicArn = sandbox.env["KAS_TOPIC_ARN"] ?? "";
  const bounds = ["--min", `${BOUNDS.min}`, "--max", `${BOUNDS.max}`];
  const durations = Object.entries(DURATIONS).flatMap(([name, ms]) => [`--${name}`, `${ms}ms`]);
  const autoscaler = stack.use(
    await Phoenix.start(["--state", state, ...bounds, ...durations], sandbox.env),
  );
  await setUp(aws, sandbox, topicArn, autoscaler.url);

  const struck = countStrikes(sandbox);
  const invariants = stack.use(new Invariants(sandbox, BOUNDS));
  const clients = stack.use(new Clients(`http://127.0.0.1:${sandbox.balancerPort}/work`));
  for (const fault of FAULTS) sandbox.faults.set(fault);
  sandbox.faults.onCall = async (passing) => {
    // Check the call with the state of the fleet before the volley of requests.
    await invariants.passing(passing);
    const leaves = passing.action === "DeregisterInstancesFromLoadBalancer" && passing.moment === "before";
    if (leaves) await clients.volley(invariants.inService);
  };

  const begun = performance.now();
  const over = new AbortController();
  const last = Math.max(LAST_LIFE, LAST * 60_000);
  const kills = Math.min(60_000, (length - last) / 5);
  const published = { count: 0 };
  const parts = Promise.all([
    clients.comeAndGo(random, over.signal),
    every(200, over.signal, () => {
      invariants.look();
      // Stops at the first violation.
      if (invariants.broken.size > 0 || clients.failures.length > 0) over.abort();
    }),
    every(1_000, over.signal, () => autoscaler.measure()),
    every(1_000 / CHATTER, over.signal, () => chat(aws, topicArn, published)),
    every(kills, over.signal, async () => {
      if (performance.now() - begun <= length - last + 1_000) await autoscaler.kill();
    }),
    realTimer.wait(length, over.signal).then(() => over.abort()),
  ]);
  await parts;
  sandbox.faults.clear();

  const minutes = (performance.now() - begun) / 60_000;
  const review = reviewed(state);
  const memory = memoryOf(autoscaler.lives.at(-1) ?? []);
  const rss = autoscaler.lives.flat().map(({ rss }) => rss);
  const mib = (n: number) => `${n.toFixed(1)} MiB`;
  report({
    seed: SEED,
    minutes: minutes.toFixed(1),
    requests: clients.requests,
    failed: clients.failures.length,
    starts: invariants.acts.starts,
    stops: invariants.acts.stops,
    "deregistered with requests under way": `${invariants.acts.busy} of ${invariants.acts.deregistrations}`,
    "most in service": `${invariants.most} (max ${BOUNDS.max})`,
    kills: autoscaler.kills,
    "alarm changes and chatter": published.count,
    "messages lost": struck.snsLoss,
    "messages doubled": struck.snsDuplicates,
    "calls throttled": `${struck.throttle} of ${struck.calls}`,
    "messages decided on": review.messages,
    "decisions made again": `${review.decisions}, ${review.differences.length} different`,
    activities: Object.entries(review.activities).map(([how, n]) => `${n} ${how}`).join(", "),
    "RSS over all lives": `${mib(Math.min(...rss))} to ${mib(Math.max(...rss))}`,
    "RSS of the last life": `${mib(memory.least)} to ${mib(memory.most)}, ${
      memory.slope.toFixed(2)
    } MiB/min after warm-up`,
    "growth of its lowest": mib(memory.growth),
  });

  const words = () => `The autoscaler's last words:\n${autoscaler.lastWords(40)}`;
  assertEquals([...invariants.broken], [], words());
  assertEquals(clients.failures, [], words());
  assertEquals(review.differences, [], "R16: a decision comes out differently from its record");
  assertEquals(review.undecided, [], "I8: a message does not have exactly one decision");
  // With less activity, the soak would prove nothing.
  assert(invariants.acts.starts >= 2 * MINUTES, "too few starts");
  assert(invariants.acts.stops >= 2 * MINUTES, "too few stops");
  assert(invariants.acts.busy >= MINUTES, "too few instances were busy when they were deregistered");
  assert(autoscaler.kills >= Math.min(4, MINUTES - LAST), "too few kills");
  assert(struck.snsLoss > 0 && struck.snsDuplicates > 0 && struck.throttle > 0, "too little went wrong");
  assert(memory.growth <= GROWTH, `the memory grew by ${mib(memory.growth)}`);

  // Without clients the fleet shrinks to min and stays there.
  await eventually(
    () =>
      sandbox.account.instances().map(({ state, registration }) => `${state} ${registration}`)
        .toSorted(),
    (all) =>
      all.filter((it) => it === "running in-service").length === BOUNDS.min &&
      all.filter((it) => it === "stopped none").length === NODES + 1 - BOUNDS.min,
    60_000,
  );
  assertEquals([...invariants.broken], []);
});

/** Creates alarms of every kind and the subscription, and sets the load balancer's idle timeout. */
async function setUp(aws: Aws, sandbox: Sandbox, topicArn: string, url: string): Promise<void> {
  const attributes = { ConnectionSettings: { IdleTimeout: IDLE_TIMEOUT } };
  const request = { LoadBalancerName: "kas", LoadBalancerAttributes: attributes };
  await (await aws.elb()).send(new ModifyLoadBalancerAttributesCommand(request));
  const common = { fleet: "kas", period: PERIOD, evaluations: 1, topicArn };
  await putAlarm(aws, {
    ...common,
    kind: "reqcount",
    dimension: "kas",
    threshold: REQUESTS,
    requests: requestsOf("kas"),
  });
  for (const { id } of sandbox.account.instances()) {
    await putAlarm(aws, { ...common, kind: "cpuhigh", dimension: id, threshold: CPU.high });
    await putAlarm(aws, { ...common, kind: "cpulow", dimension: id, threshold: CPU.low });
  }
  await subscribe(aws, topicArn, url);
  await eventually(
    () => Array.fromAsync(listSubscriptions(aws, topicArn)),
    (all) => all.length > 0 && all.every(({ status }) => status === "confirmed"),
  );
}

/** From now on, counts how often each fault occurs, and the number of calls that throttling may affect. */
function countStrikes({ faults }: Sandbox): Record<RandomFault | "calls", number> {
  const counts = {
    throttle: 0,
    errors: 0,
    cut: 0,
    wedge: 0,
    snsDuplicates: 0,
    snsLoss: 0,
    lostScrapes: 0,
    calls: 0,
  };
  const occurs = faults.occurs.bind(faults);
  faults.occurs = (kind) => {
    const struck = occurs(kind);
    if (struck) counts[kind]++;
    if (kind === "throttle") counts.calls++;
    return struck;
  };
  return counts;
}

/** Repeats `work` with a pause of `ms` until the signal aborts. */
async function every(ms: number, signal: AbortSignal, work: () => Promise<void> | void): Promise<void> {
  for (;;) {
    await realTimer.wait(ms, signal);
    if (signal.aborted) return;
    await work();
  }
}

/** Publishes a change of another fleet's alarm. */
async function chat(aws: Aws, topicArn: string, published: { count: number }): Promise<void> {
  const change = {
    AlarmName: "other:cpuhigh:i-00000000000000001",
    AlarmArn: alarmArn("other:cpuhigh:i-00000000000000001", topicArn),
    OldStateValue: "OK",
    NewStateValue: "ALARM",
    StateChangeTime: new Date().toISOString().replace("Z", "+0000"),
  };
  try {
    const command = new PublishCommand({ TopicArn: topicArn, Message: JSON.stringify(change) });
    await (await aws.sns()).send(command);
    published.count++;
  } catch {
    // All attempts were throttled.
  }
}

/** Prints the summary. */
function report(figures: Readonly<Record<string, string | number>>): void {
  const lines = Object.entries(figures).map(([name, value]) => `  ${name.padEnd(38)}${value}\n`);
  Deno.stdout.writeSync(new TextEncoder().encode(`\nsoak\n${lines.join("")}`));
}
