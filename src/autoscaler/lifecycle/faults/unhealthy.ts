/**
 * Judges an unhealthy instance that kas stops (R21), like an instance whose start failed.
 *
 * @module
 */
import type { Cause } from "../../store/steps.ts";
import type { ActivityContext } from "../activity_context.ts";
import { judgeRegistered } from "../observe/judge.ts";
import { judge, observeFleet } from "./consequences.ts";

/** Returns the fault of an unhealthy instance, and whether kas quarantines it. */
export async function judgeUnhealthy(context: ActivityContext): Promise<Cause> {
  const { id, environment: { runtime: { clock } } } = context;
  const reason = `${id} was unhealthy`;
  const fault = await judgeRegistered(context);
  const { quarantine } = judge(context, fault, reason, clock.now(), await observeFleet(context));
  return { reason, fault, quarantine };
}
