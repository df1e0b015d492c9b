import { checks, operator } from "../cases.ts";
import { alarm, IN } from "../fixtures.ts";

checks("R4", [
  {
    name: "stops nothing while a cpuhigh alarm is in ALARM",
    trigger: IN,
    observation: { alarms: [alarm("cpuhigh", "n2", "ALARM")] },
    expected: { none: "out-beats-in" },
  },
  {
    name: "stops nothing while a reqcount alarm is in ALARM, even for an operator",
    trigger: operator("in"),
    observation: { alarms: [alarm("reqcount", "kas", "ALARM")] },
    expected: { none: "out-beats-in" },
  },
  {
    name: "ignores cpulow alarms in ALARM",
    trigger: IN,
    observation: { alarms: [alarm("cpulow", "n2", "ALARM")] },
    expected: { stop: "n1" },
  },
  {
    name: "ignores alarms of another fleet",
    trigger: IN,
    observation: { alarms: [alarm("cpuhigh", "n2", "ALARM", { fleet: "web" })] },
    expected: { stop: "n1" },
  },
  {
    name: "ignores the alarm of an instance that is gone",
    trigger: IN,
    observation: { alarms: [alarm("cpuhigh", "gone", "ALARM")] },
    expected: { stop: "n1" },
  },
]);
