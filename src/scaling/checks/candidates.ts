/**
 * R7, R8: the checks that a node can be started, or can be stopped.
 *
 * @module
 */
import { type Check, hold, type InContext, type OutContext, pass } from "./check.ts";

/** R7: a node can be started or launched. */
export const standbyLeft: Check<OutContext> = {
  name: "no-standby",
  asks: "a node can be started",
  check: ({ selection }) => {
    if (selection.kind === "nothing") return hold(selection.message);
    return selection.kind === "launch" && selection.pause !== undefined ? hold(selection.pause) : pass();
  },
};

/** R8: a node can be stopped. */
export const candidateFound: Check<InContext> = {
  name: "no-candidate",
  asks: "a node can be stopped",
  check: ({ selection: { candidates, message } }) => (candidates.length === 0 ? hold(message) : pass()),
};
