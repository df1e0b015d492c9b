/**
 * `kas admin setup` creates load balancers in moto's account, and the AWS CLI shows them.
 *
 * moto differs from AWS: it provisions a load balancer at once, deletes a security group that is in use, and accepts any number of zones. The
 * sandbox has these rules of AWS.
 */
import { assertEquals } from "@std/assert";
import { program, testWith } from "../support/needs.ts";
import { kas } from "./contract/admin.ts";
import { type Backend, motoBackend } from "./contract/backends.ts";
import { awsCli, inventory } from "./inventory.ts";

const FLEET = "shop";
const TAGS = [{ Key: "kas:created-by", Value: "setup" }, { Key: "kas:fleet", Value: FLEET }];
/** Stands for the ARN of a certificate that the AWS CLI requests. */
const CERTIFICATE = "CERTIFICATE";

/** For each type of load balancer, the flags of setup and what the AWS CLI lists then. */
const CASES = {
  application: {
    flags:
      `--listen http:80 --listen https:443 --certificate ${CERTIFICATE} --forward 8080 --health-check http:9000/healthz`,
    listeners: [["HTTP", 80, null], ["HTTPS", 443, CERTIFICATE]],
    group: ["HTTP", 8080, "HTTP", "9000", "/healthz", 10],
    rules: [8080, 9000],
  },
  network: {
    flags: "--listen tcp:5432 --forward 5432",
    listeners: [["TCP", 5432, null]],
    group: ["TCP", 5432, "TCP", "traffic-port", null, 10],
    rules: [5432],
  },
} as const;

testWith(
  [program("moto_server"), program("aws")],
  "the AWS CLI shows in moto what setup has created, and nothing after teardown",
  async (t) => {
    await using backend = await motoBackend();
    const env = environment(backend);
    const certificate = String(
      await awsCli("acm request-certificate --domain-name shop.example.com --query CertificateArn", env),
    );
    const empty = await inventory(env);
    for (const [type, { flags, listeners, group, rules }] of Object.entries(CASES)) {
      await t.step(`${type} load balancer`, async () => {
        const run = async (words: string) => {
          const { status, rows, stderr } = await kas(backend, FLEET, ...words.split(" "));
          assertEquals(status, 0, stderr);
          return rows;
        };
        const { securityGroup } = await backend.network();
        const base =
          `instances create --role base --image ${backend.image} --security-group ${securityGroup}`;
        const [{ id } = {}] = await run(base);
        const setup = `setup --balancer ${type} ${flags.replace(CERTIFICATE, certificate)}`;
        await run(setup);
        assertEquals(new Set((await run(setup)).map(({ action }) => action)), new Set(["unchanged"]));

        const [balancer] = await awsCli(
          `elbv2 describe-load-balancers --names ${FLEET} --query LoadBalancers[].[LoadBalancerArn,Type,SecurityGroups[0],length(AvailabilityZones)]`,
          env,
        ) as [string, string, string, number][];
        const [balancerArn = "", kind, source, zones] = balancer ?? [];
        assertEquals([kind, zones], [type, 3]);
        const listed = await awsCli(
          `elbv2 describe-listeners --load-balancer-arn ${balancerArn} --query Listeners[].[Protocol,Port,Certificates[0].CertificateArn,ListenerArn,DefaultActions[0].TargetGroupArn,SslPolicy]`,
          env,
        ) as unknown[][];
        assertEquals(
          listed.map((listener) => listener.slice(0, 3)),
          listeners.map((listener) => listener.map((value) => value === CERTIFICATE ? certificate : value)),
        );
        const [targetGroup] = await awsCli(
          `elbv2 describe-target-groups --names ${FLEET} --query TargetGroups[].[TargetGroupArn,Protocol,Port,HealthCheckProtocol,HealthCheckPort,HealthCheckPath,HealthCheckIntervalSeconds]`,
          env,
        ) as unknown[][];
        const [groupArn, ...settings] = targetGroup ?? [];
        assertEquals(settings, [...group]);
        assertEquals(new Set(listed.map((listener) => listener[4])), new Set([groupArn]));
        const secure = listed.filter((listener) => listener[2] !== null).map((listener) => listener[5]);
        assertEquals(
          new Set(secure),
          new Set(type === "application" ? ["ELBSecurityPolicy-TLS13-1-2-2021-06"] : []),
        );
        const targets = await awsCli(
          `elbv2 describe-target-health --target-group-arn ${groupArn} --query TargetHealthDescriptions[].Target.Id`,
          env,
        );
        assertEquals(targets, [id]);
        for (const arn of [balancerArn, groupArn, ...listed.map((listener) => listener[3])]) {
          const words = `elbv2 describe-tags --resource-arns ${arn} --query TagDescriptions[0].Tags`;
          assertEquals(await awsCli(words, env), TAGS, String(arn));
        }
        const [{ GroupName = "", Tags = [] } = {}] = await awsCli(
          `ec2 describe-security-groups --group-ids ${source} --query SecurityGroups`,
          env,
        ) as { GroupName?: string; Tags?: unknown[] }[];
        assertEquals([GroupName, Tags], [`kas-${FLEET}-balancer`, TAGS]);
        const admitted = await awsCli(
          `ec2 describe-security-groups --group-ids ${securityGroup} --query SecurityGroups[0].IpPermissions[].[FromPort,UserIdGroupPairs[0].GroupId]`,
          env,
        );
        assertEquals(admitted, rules.map((port) => [port, source]));

        await run("teardown --instances --yes");
        assertEquals(await inventory(env), empty);
        assertEquals(await run("teardown --instances --yes"), []);
      });
    }
  },
);

/** The environment of the AWS CLI. */
function environment({ url, region }: Backend): Record<string, string> {
  return {
    AWS_ENDPOINT_URL: url,
    AWS_DEFAULT_REGION: region,
    AWS_ACCESS_KEY_ID: "moto",
    AWS_SECRET_ACCESS_KEY: "moto",
  };
}
