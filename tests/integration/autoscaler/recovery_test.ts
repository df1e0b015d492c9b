import { PublishCommand, SetTopicAttributesCommand } from "@aws-sdk/client-sns";
import { assert, assertEquals, assertMatch } from "@std/assert";
import { register } from "../../../src/aws/balancing/balancer.ts";
import { startInstance } from "../../../src/aws/ec2/state_changes.ts";
import { assemble } from "../../../src/autoscaler/assemble.ts";
import { realClock } from "../../../src/runtime.ts";
import { BUILT, eventually, type Running, start } from "../../support/kas.ts";
import { root, testWith } from "../../support/needs.ts";
import { BALANCER, BASE, machines, NODES, type Stage, stage } from "../../unit/autoscaler/fixtures.ts";
import { alarmArn } from "../../support/alarm_arn.ts";

const [FIRST] = NODES;

function calls({ sandbox }: Stage, action: string): number {
  return sandbox.calls.filter((call) => call.action === action).length;
}

/** Starts `kas autoscaler` as a process with a state folder. By default it listens on a free port. */
async function startProcess(
  { sandbox }: Stage,
  state: string,
  listen = "127.0.0.1:0",
): Promise<Running & { url: string }> {
  const words = [...BUILT, "autoscaler", "--state", state, "--listen", listen];
  const limits = "--warmup 0s --cooldown-in 0s --metric-delay 0s --resync 1h --log json".split(" ");
  const running = start([...words, ...limits], sandbox.env);
  const [, url = ""] = await running.line(/listening on (http:\/\/[^\s"]+)/);
  return Object.assign(running, { url });
}

interface Shown {
  readonly kind: string;
  readonly status: string | null;
  readonly instance: string | null;
  readonly message: string | null;
}

/** Returns CloudWatch's message about a change of an alarm. Each `n` gives another change. */
function changeOf(alarm: string, n: number): string {
  const time = new Date(Date.now() + n).toISOString().replace("Z", "+0000");
  return JSON.stringify({
    AlarmName: alarm,
    AlarmArn: alarmArn(alarm),
    OldStateValue: "OK",
    NewStateValue: "ALARM",
    StateChangeTime: time,
  });
}

async function activities(url: string): Promise<Shown[]> {
  const lines: Shown[] = await (await fetch(`${url}/activities`)).json();
  return lines.filter(({ kind }) => kind !== "none");
}

for (const scalesIn of [false, true]) {
  Deno.test(`a ${scalesIn ? "stop" : "start"} that kas cannot write to the full disk continues when the disk has space, and happens once (R13)`, async () => {
    await using it = await stage();
    if (scalesIn) {
      await startInstance(it.aws, FIRST);
      await eventually(() => it.standing(FIRST), (standing) => standing === "running none");
      await register(it.aws, BALANCER, FIRST);
      await eventually(() => it.standing(FIRST), (standing) => standing === "running in-service");
    }
    const { fleet, limits, startTimeout, drainTimeout, quarantineFor } = it.options;
    await using autoscaler = assemble(
      { account: it.aws, fleet, limits, startTimeout, drainTimeout, quarantineFor, dryRun: false },
    );
    const { store, journal } = autoscaler;
    let failed = 0;
    it.sandbox.faults.onCall = ({ action, moment }) => {
      if (
        moment === "before" && action === (scalesIn ? "StopInstances" : "RegisterInstancesWithLoadBalancer")
      ) {
        // From now on kas cannot write to the journal.
        if (failed++ === 0) store.db.exec("PRAGMA query_only = ON");
      }
    };
    const { ended } = await autoscaler.evaluate(
      { kind: "operator", direction: scalesIn ? "in" : "out" },
      { signal: new AbortController().signal },
    );
    const expected = scalesIn ? "stopped none" : "running in-service";
    await eventually(() => it.standing(FIRST), (standing) => standing === expected);
    assertEquals(journal.unfinished().length, 1);
    store.db.exec("PRAGMA query_only = OFF");
    assertEquals((await ended).map(({ status }) => status), ["successful"]);
    assertEquals(it.standing(FIRST), expected);
    assertEquals(calls(it, "StartInstances"), 1);
    assertEquals(journal.unfinished(), []);
  });
}

Deno.test("SIGTERM during an activity ends the autoscaler with status 0, and the next autoscaler finishes the activity (R13)", async () => {
  let serves = false;
  await using it = await stage({ machine: machines((id) => id === BASE || serves) });
  const state = `${it.options.state}/process`;
  let listen: string;
  {
    await using first = await startProcess(it, state);
    listen = new URL(first.url).host;
    await it.subscribe(first);
    await it.alarm("cpuhigh", BASE, "ALARM");
    await eventually(() => it.standing(FIRST), (standing) => standing === "running none");
    first.kill("SIGTERM");
    assertEquals((await first.status).code, 0);
  }
  serves = true;
  await using second = await startProcess(it, state, listen);
  await eventually(() => activities(second.url), ([line]) => line?.status === "successful");
  assert(second.lines.some((line) => line.includes("activity resumed")));
  assertEquals([it.standing(FIRST), calls(it, "StartInstances")], ["running in-service", 1]);
});

Deno.test("an autoscaler that restarts repeatedly loses no message, and makes one decision for each message (R11, R12)", async () => {
  await using it = await stage({ speed: 100 });
  const state = `${it.options.state}/process`;
  const TopicArn = it.options.topicArn ?? "";
  const sns = await it.aws.sns();
  let current = await startProcess(it, state);
  const listen = new URL(current.url).host;
  try {
    await it.subscribe(current);
    // SNS retries as often as its delivery policy allows. In this test each second takes 10 ms.
    const retries = { numRetries: 100, minDelayTarget: 1, maxDelayTarget: 30, backoffFunction: "linear" };
    await sns.send(
      new SetTopicAttributesCommand({
        TopicArn,
        AttributeName: "DeliveryPolicy",
        AttributeValue: JSON.stringify({ http: { defaultHealthyRetryPolicy: retries } }),
      }),
    );
    it.sandbox.faults.set("sns-duplicates=0.3");
    const published: string[] = [];
    let down = 0;
    let up = true;
    const over = new AbortController();
    const publishing = (async () => {
      while (!over.signal.aborted) {
        const Message = changeOf("other:cpuhigh:i-0", published.length);
        const { MessageId = "" } = await sns.send(new PublishCommand({ TopicArn, Message }));
        published.push(MessageId);
        if (!up) down++;
        await realClock.sleep(5, over.signal).catch(() => {});
      }
    })();
    for (let n = 1; n <= 3; n++) {
      const before = published.length;
      await eventually(() => published.length, (count) => count > before + 20);
      if (n === 2) await it.alarm("cpuhigh", BASE, "ALARM");
      up = false;
      current.kill("SIGTERM");
      assertEquals((await current.status).code, 0);
      const missed = down;
      await eventually(() => down, (count) => count > missed + 5);
      current = await startProcess(it, state, listen);
      up = true;
    }
    over.abort();
    await publishing;

    const decided = async () => {
      const lines: Shown[] = await (await fetch(`${current.url}/activities?limit=10000`)).json();
      return lines.filter(({ message, instance }) => message !== null && instance === null).map((
        { message },
      ) => message);
    };
    await eventually(decided, ({ length }) => length >= published.length);
    await eventually(() => it.standing(FIRST), (standing) => standing === "running in-service");
    assertEquals((await decided()).toSorted(), published.toSorted());
    assertEquals([calls(it, "StartInstances"), down > 15], [1, true]);
  } finally {
    await current[Symbol.asyncDispose]();
  }
});

testWith(
  [root()],
  "while the disk is full, SNS repeats the message, and the autoscaler continues when there is space (R12, R13)",
  async () => {
    await using it = await stage();
    const folder = `${it.options.state}/small`;
    await Deno.mkdir(folder);
    await mounted(folder, async () => {
      await using autoscaler = await startProcess(it, `${folder}/kas`);
      await it.subscribe(autoscaler);
      await eventually(() => calls(it, "DescribeAlarms"), (n) => n > 0);
      const ballast = `${folder}/ballast`;
      fill(ballast);
      await it.alarm("cpuhigh", BASE, "ALARM");
      await autoscaler.line(/message not stored/);
      assertEquals(it.standing(FIRST), "stopped none");
      assertEquals(await (await fetch(`${autoscaler.url}/ping`)).text(), "pong");

      await Deno.remove(ballast);
      await eventually(() => it.standing(FIRST), (standing) => standing === "running in-service");
      const all = await eventually(
        () => activities(autoscaler.url),
        ([line]) => line?.status === "successful",
      );
      assertEquals(all.map(({ kind, instance }) => [kind, instance]), [["start", FIRST]]);
      assertEquals(autoscaler.lines.filter((line) => /uncaught|unhandled/i.test(line)), []);
      autoscaler.kill("SIGTERM");
      assertEquals((await autoscaler.status).code, 0);
    });
  },
);

testWith(
  [root()],
  "if the disk is full at the start, kas autoscaler exits with status 1, and the error contains the reason",
  async () => {
    await using it = await stage();
    const folder = `${it.options.state}/small`;
    await Deno.mkdir(folder);
    await mounted(folder, async () => {
      fill(`${folder}/ballast`);
      await using autoscaler = start([...BUILT, "autoscaler", "--state", `${folder}/kas`], it.sandbox.env);
      assertEquals((await autoscaler.status).code, 1);
      assertMatch(
        autoscaler.lines.join("\n"),
        /^kas: Cannot use state folder \S+: .*(full|space).*\nTry: --state DIR$/m,
      );
    });
  },
);

/** Mounts a disk of 512 KiB at a folder, calls a function, and unmounts the disk. */
async function mounted(folder: string, work: () => Promise<void>): Promise<void> {
  const run = async (program: string, ...args: string[]) => {
    const { success, stderr } = await new Deno.Command(program, { args }).output();
    if (!success) throw new Error(new TextDecoder().decode(stderr));
  };
  await run("mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", folder);
  try {
    await work();
  } finally {
    await run("umount", folder);
  }
}

/** Writes a file until the disk is full. */
function fill(path: string): void {
  using file = Deno.openSync(path, { create: true, write: true });
  const block = new Uint8Array(4_096);
  try {
    while (file.writeSync(block) > 0);
  } catch (error) {
    if (!/No space left/.test((error as Error).message)) throw error;
  }
}
