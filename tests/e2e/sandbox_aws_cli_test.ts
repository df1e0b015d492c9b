import { assertEquals, assertMatch } from "@std/assert";
import { type Sandbox, startSandbox } from "../../src/sandbox/sandbox.ts";
import { execute } from "../support/kas.ts";
import { installed, program, testWith } from "../support/needs.ts";
import { localMachines } from "../unit/sandbox/machines.ts";

const [BASE, NODE] = ["i-00000000000000001", "i-00000000000000002"] as const;

// All versions of the AWS CLI on the PATH, for example v1 and v2. If there is none, the test is ignored.
const [first = "aws", ...others] = installed("aws");

for (const cli of [first, ...others]) {
  const needs = cli === first ? [program("aws")] : [];
  /** Calls the AWS CLI. Returns its output as tab-separated text, or the error's code. */
  const aws = async (kas: Sandbox, command: string, ...more: string[]): Promise<string> => {
    // The oldest version in use, 2.9, does not know AWS_ENDPOINT_URL.
    const words = [cli, "--endpoint-url", kas.url, "--output", "text", ...command.split(" "), ...more];
    const { code, stdout, stderr } = await execute(words, { ...kas.env, AWS_PAGER: "" });
    if (code === 0) return stdout.trim();
    return /An error occurred \((\S+)\)/.exec(stderr)?.[1] ?? `exit status ${code}: ${stderr}`;
  };

  testWith(needs, `${cli} can use EC2 and ELB of the sandbox`, async (t) => {
    await using kas = await startSandbox({ kind: true, speed: 100, machine: localMachines().make });
    const states = "Reservations[].Instances[].[InstanceId,State.Name]";

    await t.step("the AWS CLI describes instances", async () => {
      const listed = await aws(
        kas,
        "ec2 describe-instances --filters Name=tag:kas:fleet,Values=kas --query",
        states,
      );
      assertEquals(listed, `${BASE}\trunning\n${NODE}\tstopped`);
    });
    await t.step("the AWS CLI starts an instance", async () => {
      assertEquals(await aws(kas, `ec2 start-instances --dry-run --instance-ids ${NODE}`), "DryRunOperation");
      const started = await aws(
        kas,
        `ec2 start-instances --instance-ids ${NODE} --query StartingInstances[].CurrentState.Name`,
      );
      assertEquals(started, "pending");
      await kas.account.waitUntil(() => kas.account.instances()[1]?.state === "running");
    });
    await t.step(
      "the AWS CLI describes the status of instances, and waits for the status checks",
      async () => {
        const status = (query: string) =>
          aws(kas, `ec2 describe-instance-status --instance-ids ${BASE} ${NODE} --query`, query);
        const checks = "InstanceStatuses[].[InstanceId,SystemStatus.Status,InstanceStatus.Details[0].Status]";
        assertEquals(await aws(kas, `ec2 wait instance-status-ok --instance-ids ${BASE} ${NODE}`), "");
        assertEquals(await status(checks), `${BASE}\tok\tpassed\n${NODE}\tok\tpassed`);
        kas.faults.set(`retires=${NODE}`);
        assertEquals(await status("InstanceStatuses[].Events[].Code"), "instance-retirement");
        const impaired =
          "--filters Name=system-status.status,Values=impaired --query InstanceStatuses[].InstanceId";
        kas.faults.set(`impaired=${BASE}`);
        assertEquals(await aws(kas, `ec2 describe-instance-status ${impaired}`), BASE);
        const unknown = "ec2 describe-instance-status --instance-ids i-0badc0de";
        assertEquals(await aws(kas, unknown), "InvalidInstanceID.NotFound");
      },
    );
    await t.step("the AWS CLI registers an instance with a load balancer", async () => {
      const registered = await aws(
        kas,
        `elb register-instances-with-load-balancer --load-balancer-name kas --instances ${NODE}`,
      );
      assertEquals(registered, `INSTANCES\t${BASE}\nINSTANCES\t${NODE}`);
      await kas.account.waitUntil(() => kas.account.instances()[1]?.registration === "in-service");
      const health = await aws(
        kas,
        "elb describe-instance-health --load-balancer-name kas --query InstanceStates[].State",
      );
      assertEquals(health, "InService\tInService");
    });
    await t.step("the AWS CLI tags an instance", async () => {
      assertEquals(
        await aws(kas, `ec2 create-tags --resources ${NODE} --tags Key=kas:quarantine,Value=why`),
        "",
      );
      const tags = await aws(
        kas,
        "ec2 describe-tags --filters Name=key,Values=kas:quarantine --query Tags[].ResourceId",
      );
      assertEquals(tags, NODE);
    });
    await t.step("the AWS CLI stops an instance", async () => {
      const stopped = await aws(
        kas,
        `ec2 stop-instances --instance-ids ${NODE} --query StoppingInstances[].CurrentState.Name`,
      );
      assertEquals(stopped, "stopping");
    });
    await t.step("the AWS CLI prints the error codes of the sandbox", async () => {
      await kas.account.waitUntil(() => kas.account.instances()[1]?.state === "stopped");
      assertEquals(
        await aws(kas, "ec2 start-instances --instance-ids i-0badc0de"),
        "InvalidInstanceID.NotFound",
      );
      assertEquals(
        await aws(kas, "elb describe-load-balancers --load-balancer-names none"),
        "LoadBalancerNotFound",
      );
      assertEquals(
        await aws(
          kas,
          `ec2 terminate-instances --instance-ids ${NODE} --query TerminatingInstances[].CurrentState.Name`,
        ),
        "terminated",
      );
      assertEquals(await aws(kas, `ec2 start-instances --instance-ids ${NODE}`), "IncorrectInstanceState");
    });
  });

  testWith(needs, `${cli} can use Application Load Balancers of the sandbox`, async (t) => {
    await using kas = await startSandbox({ kind: true, speed: 100, machine: localMachines().make });
    const elbv2 = (command: string, query: string) => aws(kas, `elbv2 ${command} --query`, query);
    const isDefault = "Name=is-default,Values=true";
    const vpc = await aws(kas, `ec2 describe-vpcs --filters ${isDefault} --query`, "Vpcs[].VpcId");
    const inVpc = `Name=vpc-id,Values=${vpc}`;
    const subnets = await aws(kas, `ec2 describe-subnets --filters ${inVpc} --query`, "Subnets[].SubnetId");
    const group = await elbv2(
      `create-target-group --name web --protocol HTTP --port 30000 --vpc-id ${vpc} --health-check-path /ping`,
      "TargetGroups[].TargetGroupArn",
    );
    const targets = `--target-group-arn ${group} --targets Id=`;
    const state = () =>
      elbv2(`describe-target-health ${targets}${BASE}`, "TargetHealthDescriptions[].TargetHealth.State");

    await t.step("the AWS CLI creates a load balancer that forwards to a target group", async () => {
      const balancer = await elbv2(
        `create-load-balancer --name web --subnets ${subnets.replaceAll("\t", " ")}`,
        "LoadBalancers[].LoadBalancerArn",
      );
      const listener = `--load-balancer-arn ${balancer} --protocol HTTP --port 30000`;
      const action = `--default-actions Type=forward,TargetGroupArn=${group}`;
      assertEquals(await elbv2(`create-listener ${listener} ${action}`, "Listeners[].Port"), "30000");
      assertEquals(
        await elbv2(`describe-target-groups --names web`, "TargetGroups[].LoadBalancerArns[]"),
        balancer,
      );
    });
    await t.step("the AWS CLI registers a target, waits for its health, and deregisters it", async () => {
      // A delay that is longer than an AWS CLI command takes, although the sandbox runs a hundred times as fast as real
      // time.
      const delay = "Key=deregistration_delay.timeout_seconds,Value=3600";
      assertEquals(
        await elbv2(
          `modify-target-group-attributes --target-group-arn ${group} --attributes ${delay}`,
          "Attributes[0].Value",
        ),
        "3600",
      );
      assertEquals(await state(), "unused");
      assertEquals(await aws(kas, `elbv2 register-targets ${targets}${BASE}`), "");
      assertEquals(await aws(kas, `elbv2 wait target-in-service ${targets}${BASE}`), "");
      assertEquals(await state(), "healthy");
      assertEquals(await aws(kas, `elbv2 deregister-targets ${targets}${BASE}`), "");
      assertEquals(await state(), "draining");
    });
    await t.step("the AWS CLI prints the error codes of the sandbox", async () => {
      assertEquals(await aws(kas, `elbv2 register-targets ${targets}${NODE}`), "InvalidTarget");
      assertEquals(await aws(kas, "elbv2 describe-target-groups --names none"), "TargetGroupNotFound");
    });
  });

  testWith(needs, `${cli} can use CloudWatch and SNS of the sandbox`, async (t) => {
    // At the speed of real time, the sandbox evaluates no alarm in the first minute.
    await using kas = await startSandbox({ kind: true, machine: localMachines().make });
    const topic = "arn:aws:sns:eu-west-1:000000000000:other";

    await t.step("the AWS CLI creates a topic and subscribes an endpoint to it", async () => {
      assertEquals(await aws(kas, "sns create-topic --name other --attributes SignatureVersion=2"), topic);
      const url = "http://127.0.0.1:9/";
      const subscribed = await aws(
        kas,
        `sns subscribe --topic-arn ${topic} --protocol http --notification-endpoint ${url}`,
      );
      assertEquals(subscribed, "pending confirmation");
      const listed = await aws(
        kas,
        `sns list-subscriptions-by-topic --topic-arn ${topic} --query Subscriptions[].[Endpoint,SubscriptionArn]`,
      );
      assertEquals(listed, `${url}\tPendingConfirmation`);
    });
    await t.step("the AWS CLI creates and describes an alarm", async () => {
      const put =
        "cloudwatch put-metric-alarm --namespace AWS/EC2 --metric-name CPUUtilization --statistic Average --period 60 " +
        `--evaluation-periods 1 --threshold 80 --comparison-operator GreaterThanOrEqualToThreshold --alarm-actions ${topic} ` +
        `--dimensions Name=InstanceId,Value=${BASE} --alarm-name kas:cpuhigh:${BASE}`;
      assertEquals(await aws(kas, put), "");
      const query = "MetricAlarms[].[AlarmName,StateValue,Period,Dimensions[0].Value]";
      const alarms = await aws(kas, `cloudwatch describe-alarms --query`, query);
      assertEquals(alarms, `kas:cpuhigh:${BASE}\tINSUFFICIENT_DATA\t60\t${BASE}`);
    });
    await t.step("the AWS CLI sets the state of an alarm and reads the alarm's history", async () => {
      const set =
        `cloudwatch set-alarm-state --alarm-name kas:cpuhigh:${BASE} --state-value ALARM --state-reason test`;
      assertEquals(await aws(kas, set), "");
      const updated = await aws(
        kas,
        "cloudwatch describe-alarms --query MetricAlarms[].StateUpdatedTimestamp",
      );
      // The AWS CLI v1 prints the time as it receives it, in seconds since the epoch; v2 prints it as ISO 8601.
      assertMatch(updated, /^(\d{10}\.\d+|20\d\d-\d\d-\d\dT\S+)$/);
      const history = await aws(
        kas,
        "cloudwatch describe-alarm-history --history-item-type StateUpdate --query AlarmHistoryItems[].AlarmName",
      );
      assertEquals(history, `kas:cpuhigh:${BASE}`);
    });
    await t.step("the AWS CLI prints the error codes of the sandbox", async () => {
      const set = "cloudwatch set-alarm-state --alarm-name none --state-value OK --state-reason test";
      assertEquals(await aws(kas, set), "ResourceNotFound");
      assertEquals(
        await aws(kas, "sns get-topic-attributes --topic-arn arn:aws:sns:eu-west-1:000000000000:none"),
        "NotFound",
      );
      const foreign = "sns publish --topic-arn arn:aws:sns:eu-west-1:999999999999:kas --message m";
      assertEquals(await aws(kas, foreign), "AuthorizationError");
    });
  });
}
