import type { Instance } from "../../../../src/scaling/model/instance.ts";
import { checks, history, limits, operator } from "../cases.ts";
import { BASE, HOUR, instance, MINUTE, NOW, OUT, stopped } from "../fixtures.ts";

/** A fleet without a standby node: n3 does not exist any more, and n4 is in quarantine. */
const NONE_LEFT = {
  instances: [BASE, instance("n1"), instance("n2", { zone: "b" }), stopped("n4", { quarantine: "it broke" })],
};

checks("R7", [
  {
    name: "launches a node if no standby node is left",
    trigger: OUT,
    observation: { ...NONE_LEFT, ...limits({ grow: "kas-node:3", max: 5 }) },
    expected: { launch: "kas-node:3" },
    numbers: [3, 1],
  },
  {
    name: "launches nothing without --grow",
    trigger: OUT,
    observation: { ...NONE_LEFT, ...limits({ max: 5 }) },
    expected: { none: "no-standby" },
  },
  ...[
    ["a stopped node is left", stopped("n3"), { start: "n3" }],
    ["a node is stopping", stopped("n3", { state: "stopping" }), { start: "n3" }],
    ["a node is draining", instance("n3", { registration: "draining" }), { start: "n3" }],
  ].map(([what, node, expected]) => ({
    name: `launches nothing if ${what}`,
    trigger: OUT,
    observation: {
      ...{ instances: [...NONE_LEFT.instances, node as Instance] },
      ...limits({ grow: "kas-node", max: 9 }),
    },
    expected: expected as { start: string },
  })),
  {
    name: "launches nothing if an operator names an instance",
    trigger: operator("out", "n4"),
    observation: { ...NONE_LEFT, ...limits({ grow: "kas-node", max: 5 }) },
    expected: { none: "no-standby" },
  },
  {
    name: "launches nothing right after a failed launch",
    trigger: OUT,
    observation: {
      ...NONE_LEFT,
      ...limits({ grow: "kas-node", max: 5 }),
      ...history({ launchesFail: { since: NOW - 30_000, last: NOW - 30_000 } }),
    },
    expected: { none: "no-standby" },
    numbers: [30, 60],
  },
  {
    name: "launches again when the pause has ended",
    trigger: OUT,
    observation: {
      ...NONE_LEFT,
      ...limits({ grow: "kas-node", max: 5 }),
      ...history({ launchesFail: { since: NOW - 60_000, last: NOW - 60_000 } }),
    },
    expected: { launch: "kas-node" },
  },
  {
    name: "waits for as long as launches had been failing",
    trigger: OUT,
    observation: {
      ...NONE_LEFT,
      ...limits({ grow: "kas-node", max: 5 }),
      ...history({ launchesFail: { since: NOW - 10 * MINUTE, last: NOW - 4 * MINUTE } }),
    },
    expected: { none: "no-standby" },
    numbers: [360],
  },
  {
    name: "waits at most 15 minutes",
    trigger: OUT,
    observation: {
      ...NONE_LEFT,
      ...limits({ grow: "kas-node", max: 5 }),
      ...history({ launchesFail: { since: NOW - HOUR, last: NOW - 15 * MINUTE } }),
    },
    expected: { launch: "kas-node" },
  },
]);
