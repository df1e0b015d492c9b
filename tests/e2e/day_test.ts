import { assertEquals } from "@std/assert";
import { execute } from "../support/kas.ts";
import { installed, program, testWith } from "../support/needs.ts";
import { kas } from "./contract/admin.ts";
import { type Backend, motoBackend, sandboxBackend } from "./contract/backends.ts";
import { settled } from "./contract/cases.ts";

/** Commands of the AWS CLI that list everything that a fleet may leave behind. */
const LISTINGS = [
  "ec2 describe-instances --query Reservations[].Instances[?State.Name!='terminated'][].InstanceId",
  "elb describe-load-balancers --query LoadBalancerDescriptions[].LoadBalancerName",
  "cloudwatch describe-alarms --query MetricAlarms[].AlarmName",
  "sns list-topics --query Topics[].TopicArn",
  "sns list-subscriptions --query Subscriptions[].SubscriptionArn",
];

const FLEET = "kas";

for (
  const [name, needs, open] of [
    ["the sandbox", [program("aws")], sandboxBackend],
    ["moto", [program("aws"), program("moto_server")], motoBackend],
  ] as const
) {
  testWith(
    needs,
    `after all operator commands with ${name}, the AWS account is as empty as before`,
    async () => {
      await using backend = await open();
      const clis = installed("aws");
      const before = await listings(backend, clis.slice(0, 1));
      /** Runs a command that must succeed. Returns its rows. */
      const day = async (words: string) => {
        const { status, rows, stderr } = await kas(backend, FLEET, ...words.split(" "));
        assertEquals(status, 0, `${words}: ${stderr}`);
        return rows;
      };
      const create = `instances create --image ${backend.image} --type t3.micro`;
      const [{ id: base } = {}] = await day(`${create} --role base`);
      const [one, two] = (await day(`${create} --count 2`)).map(({ id }) => String(id));
      for (const id of [base, one, two]) await settled(backend, String(id), "running");

      const made = await day("setup --balancer classic --cpu 35:70");
      assertEquals(
        made.map(({ resource }) => resource).join(" "),
        `topic balancer${" instance".repeat(3)}${" alarm".repeat(6)}`,
      );
      assertEquals((await day("instances")).length, 3);
      assertEquals((await day("balancers")).length, 3);
      assertEquals((await day("topics")).map(({ name }) => name), [FLEET]);
      assertEquals((await day(`instances tags ${base}`)).length, 3);

      await day(`balancers deregister ${FLEET} ${one}`);
      await day(`instances stop ${one}`);
      await settled(backend, String(one), "stopped");
      const trial = await day("scale out --dry-run");
      assertEquals(trial.slice(0, 1).map(({ kind, name }) => [kind, name]), [["start", one]]);
      await day(`instances start ${one}`);
      await settled(backend, String(one), "running");
      await day(`balancers register ${FLEET} ${one}`);
      await day(`instances release ${one}`);

      await day(`alarms set --requests-of ${FLEET} --requests 600`);
      await day(`alarms test ${FLEET}:reqcount:${FLEET} OK`);
      assertEquals((await day("alarms")).length, 7);
      await day(`alarms delete ${FLEET}:reqcount:${FLEET}`);
      await day("topics subscribe http://127.0.0.1:1/");
      assertEquals((await day("topics subscriptions")).length, 1);
      await day(`instances terminate ${two} --yes`);
      await settled(backend, String(two), "terminated");

      for (const full of await listings(backend, clis.slice(0, 1))) {
        assertEquals(full.slice(0, 4).map((listed) => listed.length), [2, 1, 4, 1]);
      }
      await day("teardown --instances --yes");
      for (const id of [base, one]) await settled(backend, String(id), "terminated");
      assertEquals(await listings(backend, clis), clis.flatMap(() => before));
      assertEquals(before, [LISTINGS.map(() => [])]);
    },
  );
}

/** The listings of each AWS CLI. */
async function listings({ url, region }: Backend, clis: readonly string[]): Promise<string[][][]> {
  const env = {
    AWS_REGION: region,
    AWS_DEFAULT_REGION: region,
    AWS_ACCESS_KEY_ID: "test",
    AWS_SECRET_ACCESS_KEY: "test",
    AWS_PAGER: "",
  };
  return await Promise.all(
    clis.map((cli) =>
      Promise.all(LISTINGS.map(async (listing) => {
        const words = [cli, "--endpoint-url", url, "--output", "json", ...listing.split(" ")];
        const { code, stdout, stderr } = await execute(words, env);
        assertEquals(code, 0, `${listing}: ${stderr}`);
        return JSON.parse(stdout) ?? [];
      }))
    ),
  );
}
