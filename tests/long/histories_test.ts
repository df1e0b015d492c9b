/**
 * The invariants I1–I9 in random histories of fleets, alarms, loads, clocks, crashes, faults and interference, on virtual time.
 * `histories_more_test.ts` plays the other half of the histories on another core.
 *
 * @module
 */
import { holdHistories } from "./histories/hold.ts";
import { sizeOf } from "./proofs.ts";

Deno.test(
  "the invariants I1–I9 hold in every random history of alarms, loads, clocks, crashes, faults and operator actions",
  () => holdHistories(sizeOf("histories") / 2),
);
