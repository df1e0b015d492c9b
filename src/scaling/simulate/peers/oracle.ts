/**
 * The oracle knows the whole load in advance, and starts each instance so early that it serves in time. It shows the limit of what a
 * policy could reach with these instances. It does not know how long each boot takes, so it allows for the longest.
 *
 * @module
 */
import { instancesNeeded, type Load } from "../load/load.ts";
import type { Policy } from "../play.ts";
import { type PeerBounds, UNBOUNDED } from "./auto_scaling.ts";
import { steer } from "./steered.ts";

/** The oracle. It keeps the bounds. */
export function oracle({ min, max }: PeerBounds = UNBOUNDED): Policy {
  return (fleet) => {
    const { boot: [, boot], register, stop } = fleet.world;
    // An instance that stops at the moment has to stop before it can start.
    const most = mostNeeded(fleet.load, stop + boot + register + 1);
    return () => steer(fleet, Math.min(Math.max(most[fleet.now] ?? 1, min), max));
  };
}

/** Returns, for each second, the largest need from this second on for a time. */
function mostNeeded(
  { fleet, seconds, demand }: Load,
  ahead: number,
): Uint16Array {
  const most = new Uint16Array(seconds);
  // The seconds of the window that need more than all earlier ones, the latest first. From `first` on, their needs fall.
  const falling: { readonly at: number; readonly need: number }[] = [];
  let first = 0;
  for (let second = seconds - 1; second >= 0; second--) {
    const need = instancesNeeded(demand(second), fleet);
    while (falling.length > first && (falling.at(-1)?.need ?? 0) <= need) falling.pop();
    falling.push({ at: second, need });
    while ((falling[first]?.at ?? second) > second + ahead) first++;
    most[second] = falling[first]?.need ?? need;
  }
  return most;
}
