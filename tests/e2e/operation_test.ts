/**
 * Runs the commands of docs/operation.md with bash, one block after another, with kas on the PATH.
 *
 * @module
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { balancerRef } from "../../src/aws/balancing/balancer.ts";
import { SOCKET } from "../../src/autoscaler/http/operator/socket_path.ts";
import { startOne } from "../unit/autoscaler/fixtures.ts";
import { type Sandbox, startSandbox } from "../../src/sandbox/sandbox.ts";
import { credentials } from "../unit/aws/wire.ts";
import { eventually, execute, FROM_SOURCE } from "../support/kas.ts";
import { program, testWith } from "../support/needs.ts";
import { FAST } from "./contract/backends.ts";

const PAGE = new URL("../../docs/operation.md", import.meta.url);

/** The id of the first node in a new account, in which the base instance has the first id. */
const NODE = "i-00000000000000002";

/** The target group that `kas admin setup` creates first in an empty account. */
const TARGET_GROUP = "arn:aws:elasticloadbalancing:eu-west-1:000000000000:targetgroup/kas/0000000000000001";

/** The days of operators: the set-up of the page, and the same with an Application Load Balancer. */
const DAYS = [
  {
    kind: "classic",
    balancer: "a Classic Load Balancer",
    setup: "--balancer classic",
    targetGroup: undefined,
  },
  {
    kind: "application",
    balancer: "an Application Load Balancer",
    setup: "--balancer application --listen http:8080 --forward 30000 --health-check /ping",
    targetGroup: TARGET_GROUP,
  },
] as const;

for (const { kind, balancer, setup, targetGroup } of DAYS) {
  testWith(
    [program("bash"), program("awk")],
    `every command in docs/operation.md works with ${balancer}`,
    async (t) => {
      await using stack = new AsyncDisposableStack();
      const sandbox = stack.use(
        // A boot without load: a cpuhigh alarm in ALARM would hold back the scale-in of the section "Upgrading".
        await startSandbox({
          speed: FAST.speed,
          machine: FAST.machine,
          empty: true,
          balancer: kind,
          faults: ["boot-cpu=0"],
        }),
      );
      const folder = await Deno.makeTempDir();
      stack.defer(() => Deno.remove(folder, { recursive: true }));
      await Deno.writeTextFile(`${folder}/kas`, `#!/bin/sh\nexec ${FROM_SOURCE.join(" ")} "$@"\n`, {
        mode: 0o755,
      });
      const [old, moved] = ["old", "new"].map((name) =>
        stack.use(autoscaler(sandbox.env, `${folder}/${name}`, targetGroup))
      );
      const env: Record<string, string> = {
        ...sandbox.env,
        PATH: `${folder}:${Deno.env.get("PATH")}`,
        IMAGE: "ami-1",
        AUTOSCALER: `${old?.url}/`,
        NEW_AUTOSCALER: `${moved?.url}/`,
        NODE,
        STATE: `${folder}/old`,
      };

      const said = new Map<string, string>();
      const page = (await Deno.readTextFile(PAGE)).replace("--balancer classic\n", `${setup}\n`);
      for (const { heading, script } of blocks(page)) {
        if (heading === "Upgrading") {
          // Wait until the new node is in service, and until CloudWatch has datapoints from after that, as a reader of the page does.
          await sandbox.account.waitUntil(() => isWholeFleetInService(sandbox));
          await eventually(() => scaleInAction(env), (action) => action === "stop");
        }
        await t.step(`${heading}: ${script.split("\n")[0]}`, async () => {
          const { code, stdout, stderr } = await execute([
            "bash",
            "-euo",
            "pipefail",
            "-c",
            `cd ${folder}\n${script}`,
          ], env);
          assertEquals(code, 0, `${script}\n${stdout}${stderr}`);
          said.set(heading, (said.get(heading) ?? "") + stdout);
        });
        // `setup` has told the operator to set the variable.
        if (targetGroup !== undefined) env["KAS_TARGET_GROUP"] = targetGroup;
      }
      assertMatch(said.get("A first fleet") ?? "", /confirmed/);
      assertMatch(said.get("Adding nodes") ?? "", /adopted/);
      assertMatch(
        said.get("Upgrading") ?? "",
        new RegExp(`stop\\t${NODE}\\tsuccessful.*\\n[^]*start\\t${NODE}\\tsuccessful`),
      );
      assertMatch(said.get("Moving the autoscaler") ?? "", /deleted/);
      assert(
        sandbox.account.instances().every(({ state }) => state === "shutting-down"),
        "an instance is left",
      );
    },
  );
}

/** Returns whether each running instance is in service at the load balancer. */
function isWholeFleetInService({ account }: Sandbox): boolean {
  return account.instances().filter(({ state }) => state === "running" || state === "pending")
    .every(({ registration }) => registration === "in-service");
}

/** Returns the action that kas decides on for a scale-in by an operator. kas does not carry it out. */
async function scaleInAction(env: Readonly<Record<string, string>>): Promise<string | undefined> {
  const { stdout } = await execute(
    ["kas", "admin", "scale", "in", "--instance", NODE, "--warmup", "0s", "--dry-run", "--no-header"],
    env,
  );
  return stdout.split("\t")[0];
}

/**
 * Starts an autoscaler with `--dry-run`, which confirms subscriptions and records decisions, but changes nothing else.
 */
function autoscaler(env: Readonly<Record<string, string>>, state: string, targetGroup: string | undefined) {
  credentials();
  return startOne({
    account: { region: env["AWS_REGION"], endpointUrl: env["AWS_ENDPOINT_URL"] },
    fleet: {
      fleet: "kas",
      balancer: balancerRef({ fleet: "kas", targetGroup: targetGroup === undefined ? [] : [targetGroup] }),
    },
    topicArn: env["KAS_TOPIC_ARN"],
    listen: { hostname: "127.0.0.1", port: 0 },
    state,
    socket: `${state}/${SOCKET}`,
    limits: { warmup: 0, cooldownOut: 0, cooldownIn: 0, resync: 1_000 },
    startTimeout: 300_000,
    drainTimeout: 300_000,
    quarantineFor: 86_400_000,
    resubscribe: false,
    trustSigner: env["KAS_TRUST_SIGNER"],
    dryRun: true,
  });
}

/** The page's `sh` blocks with their headings. Blocks with more than `sh` in their first line are left out. */
function blocks(page: string): { heading: string; script: string }[] {
  let heading = "";
  return Array.from(page.matchAll(/^## (?<title>.+)$|^```sh\n(?<script>[^]*?)^```$/gm), ({ groups }) => {
    heading = groups?.["title"] ?? heading;
    return { heading, script: groups?.["script"] ?? "" };
  }).filter(({ script }) => script !== "");
}
