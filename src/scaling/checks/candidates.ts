/**
 * R7, R8: the checks `no-standby` and `no-candidate`: kas can start or launch a node, or can stop one.
 *
 * @module
 */
import { type Check, hold, type InContext, type OutContext, pass } from "./check.ts";

/** R7: passes if kas can start or launch a node. */
export const standbyLeft: Check<OutContext> = {
  name: "no-standby",
  condition: "a node can be started",
  check: ({ selection }) => {
    if (selection.kind === "nothing") return hold(selection.message);
    return selection.kind === "launch" && selection.pause !== undefined ? hold(selection.pause) : pass();
  },
};

/** R8: passes if kas can stop a node. */
export const candidateFound: Check<InContext> = {
  name: "no-candidate",
  condition: "a node can be stopped",
  check: ({ selection: { candidates, message } }) => (candidates.length === 0 ? hold(message) : pass()),
};
