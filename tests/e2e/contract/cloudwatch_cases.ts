/**
 * src/aws/cloudwatch on each backend.
 *
 * @module
 */
import { assert, assertEquals, assertGreater, assertRejects } from "@std/assert";
import { deleteAlarms, fleetAlarms, putAlarm, setAlarmState } from "../../../src/aws/cloudwatch/alarms.ts";
import { latestCpu } from "../../../src/aws/cloudwatch/cpu.ts";
import { isNotFound } from "../../../src/aws/errors.ts";
import { cpuOf } from "../../../src/aws/cloudwatch/metric.ts";
import { eventually } from "../../support/kas.ts";
import { type Case, launch } from "./cases.ts";

const TOPIC = "arn:aws:sns:eu-west-1:123456789012:kas";
/** With so long a period the sandbox does not evaluate the alarm during a case. */
const WATCH = { threshold: 80, period: 3_600, evaluations: 2, topicArn: TOPIC } as const;

export const CLOUDWATCH_CASES: readonly Case[] = [
  {
    name: "fleetAlarms() lists the alarms that putAlarm() created",
    run: async ({ aws }, fleet) => {
      const requests = {
        namespace: "AWS/ApplicationELB",
        name: "RequestCount",
        dimensions: { LoadBalancer: "app/web/1", TargetGroup: "targetgroup/web/2" },
      };
      for (const kind of ["cpuhigh", "cpulow"] as const) {
        await putAlarm(aws, { ...WATCH, fleet, kind, dimension: "i-1" });
      }
      await putAlarm(aws, { ...WATCH, fleet, kind: "reqcount", dimension: fleet, requests });
      await putAlarm(aws, { ...WATCH, fleet: `${fleet}-other`, kind: "cpuhigh", dimension: "i-1" });
      const alarms = await fleetAlarms(aws, fleet);
      assertEquals(
        alarms.map(({ name, metric, statistic }) => [name, metric, statistic]).sort(),
        [
          [`${fleet}:cpuhigh:i-1`, cpuOf("i-1"), "Average"],
          [`${fleet}:cpulow:i-1`, cpuOf("i-1"), "Average"],
          [`${fleet}:reqcount:${fleet}`, requests, "Sum"],
        ],
      );
      for (const alarm of alarms) {
        const { threshold, period, evaluations, comparison, actionsEnabled, alarmActions, okActions } = alarm;
        assertEquals({ threshold, period, evaluations, topicArn: alarmActions[0] }, WATCH);
        assertEquals([comparison, actionsEnabled], ["GreaterThanOrEqualToThreshold", true]);
        assertEquals(okActions, alarmActions);
      }
    },
  },
  {
    name: "putAlarm() updates an alarm that exists",
    run: async ({ aws, name }, fleet) => {
      const plan = { ...WATCH, fleet, kind: "cpuhigh", dimension: "i-1" } as const;
      const again = async () => {
        await putAlarm(aws, plan);
        await setAlarmState(aws, `${fleet}:cpuhigh:i-1`, "ALARM", "test");
        await putAlarm(aws, { ...plan, threshold: 70 });
        const [alarm, ...more] = await fleetAlarms(aws, fleet);
        assertEquals([alarm?.threshold, more.length], [70, 0]);
        return alarm?.state;
      };
      // CloudWatch keeps the state unless it evaluates the alarm at that moment; moto resets it to OK.
      await eventually(again, (state) => state === (name === "moto" ? "OK" : "ALARM"));
    },
  },
  {
    name: "setAlarmState() sets the state, its reason and its time",
    run: async ({ aws }, fleet) => {
      await putAlarm(aws, { ...WATCH, fleet, kind: "cpulow", dimension: "i-1" });
      const set = async () => {
        await setAlarmState(aws, `${fleet}:cpulow:i-1`, "ALARM", "because of a test");
        return await fleetAlarms(aws, fleet);
      };
      // CloudWatch may evaluate the alarm in between.
      const [alarm] = await eventually(set, ([alarm]) => alarm?.state === "ALARM");
      assertEquals(alarm?.reason, "because of a test");
      assertGreater(alarm?.changed ?? 0, Date.now() - 60_000);
    },
  },
  {
    name:
      "setAlarmState() fails with a not-found error for an unknown alarm, and deleteAlarms() ignores the alarm",
    run: async ({ aws, name }, fleet) => {
      const unknown = `${fleet}:cpuhigh:i-1`;
      assert(isNotFound(await assertRejects(() => setAlarmState(aws, unknown, "OK", "test"))));
      await putAlarm(aws, { ...WATCH, fleet, kind: "cpulow", dimension: "i-1" });
      await deleteAlarms(aws, [`${fleet}:cpulow:i-1`]);
      assertEquals(await fleetAlarms(aws, fleet), []);
      await deleteAlarms(aws, [unknown]).catch((error) => {
        // AWS and the sandbox may answer ResourceNotFound. moto never does.
        assert(name !== "moto" && isNotFound(error), String(error));
      });
    },
  },
  {
    name:
      "latestCpu() returns no datapoint for an unknown instance, and the latest datapoint for a running instance",
    run: async (backend, fleet) => {
      const { aws, name } = backend;
      assertEquals(await latestCpu(aws, [{ id: "i-0123456789abcdef0" }], 60), new Map());
      // moto measures nothing.
      if (name === "moto") return;
      const [{ id = "" } = {}] = await launch(backend, fleet, "node", 1);
      const measured = await eventually(
        () => latestCpu(aws, [{ id }, { id: "i-0123456789abcdef0" }], 60),
        (m) => m.has(id),
      );
      assertEquals([...measured.keys()], [id]);
      assertEquals(measured.get(id)?.percent, 0);
    },
  },
];
