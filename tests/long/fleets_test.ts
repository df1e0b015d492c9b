/**
 * The invariants I1–I9 in random histories of three fleets in one autoscaler and one account: no fleet touches another one's instances,
 * alarms or registrations.
 *
 * @module
 */
import { holdFleetsHistories } from "./histories/hold.ts";
import { sizeOf } from "./proofs.ts";

Deno.test("of three fleets in one autoscaler, none touches another's instances, whatever happens to them", () =>
  holdFleetsHistories(sizeOf("fleets")));
