import { assert, assertEquals, assertThrows } from "@std/assert";
import { candidateOf } from "../../../../src/admin/backtest/candidates.ts";
import { secondsRange, wholeSeconds } from "../../../../src/admin/backtest/parsers.ts";
import { historyLength } from "../../../../src/admin/backtest/load/history.ts";
import { DEFAULT_SPECS, FORMS, parseSpec } from "../../../../src/admin/backtest/specs.ts";
import { UsageError } from "../../../../src/cli/command.ts";
import { parsePolicies } from "../../../../src/settings/policies_schema.ts";
import { DEFAULTS } from "../../scaling/simulate/limits.ts";

const BOUNDS = { min: 1, max: 4 };

Deno.test("parseSpec() reads each form of a policy", () => {
  assertEquals(FORMS.map((form) => parseSpec(form).name), [...FORMS]);
  assertEquals(parseSpec("alarms:30:70"), {
    name: "alarms:30:70",
    kind: "alarms",
    thresholds: { cpulow: 30, cpuhigh: 70 },
  });
  assertEquals(parseSpec("adaptive:1.5%"), { name: "adaptive:1.5%", kind: "adaptive", risk: 0.015 });
  assertEquals(parseSpec("ec2-target:50"), {
    name: "ec2-target:50",
    kind: "ec2-target",
    target: 50,
    scaleIn: 70,
  });
  assertEquals(parseSpec("ec2-target:50:90"), {
    name: "ec2-target:50:90",
    kind: "ec2-target",
    target: 50,
    scaleIn: 90,
  });
});

Deno.test("parseSpec() refuses what is not a policy", () => {
  const bad = [
    "",
    "cpu",
    "alarms:80",
    "alarms:80:42",
    "target",
    "target:0",
    "target:101",
    "target:x",
    "target:60:1",
  ];
  bad.push(
    "adaptive",
    "adaptive:1.5",
    "adaptive:0%",
    "oracle:1",
    "ec2-target",
    "ec2-target:1:2:3",
    "TARGET:60",
  );
  for (const text of bad) assertThrows(() => parseSpec(text), TypeError, "expected", text);
});

Deno.test("the configuration of each policy of kas is valid in a config file", () => {
  for (const form of ["alarms", "target:60", "adaptive:1.5%"]) {
    const { configuration, isOwn } = candidateOf(parseSpec(form), DEFAULTS, BOUNDS);
    assert(isOwn);
    const [policy] = parsePolicies(JSON.stringify(configuration?.policies));
    assertEquals(policy?.type, form.split(":")[0]);
  }
});

Deno.test("peers have no configuration, and the configured policies need none", () => {
  for (const form of [...DEFAULT_SPECS.filter((it) => /^(ec2|oracle)/.test(it)), "config"]) {
    assertEquals(candidateOf(parseSpec(form), DEFAULTS, BOUNDS).configuration, undefined, form);
  }
});

Deno.test("candidateOf() refuses a configured formula, because a backtest knows only the CPU", () => {
  const limits = { ...DEFAULTS, policies: [{ type: "formula", capacity: "backlog / 10.0" } as const] };
  assertThrows(() => candidateOf(parseSpec("config"), limits, BOUNDS), UsageError, "knows only the CPU");
});

Deno.test("the times of a backtest are whole seconds, days or hours", () => {
  assertEquals([secondsRange("40s-80s"), secondsRange("1m")], [[40, 80], [60, 60]]);
  assertEquals([wholeSeconds("90s"), historyLength("14d"), historyLength("36h")], [
    90,
    14 * 86_400_000,
    36 * 3_600_000,
  ]);
  for (const bad of ["80s-40s", "40s-80s-90s", "", "1.5s", "2h"]) {
    assertThrows(() => secondsRange(bad), TypeError);
  }
  for (const bad of ["16d", "10m", "0d", "14", "1.5d"]) {
    assertThrows(() => historyLength(bad), TypeError, "14d");
  }
});
