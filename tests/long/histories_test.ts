/**
 * The invariants I1–I8 over random histories: fleets, signals, loads, clocks, crashes, faults and other people, on virtual
 * time. A lab has the time of its whole program: `histories_more_test.ts` plays the other half of the histories on another core.
 *
 * @module
 */
import { holdHistories } from "./histories/hold.ts";
import { sizeOf } from "./proofs.ts";

Deno.test(
  "I1–I8 hold in every history of signals, loads, clocks, crashes, faults and other people",
  () => holdHistories(sizeOf("histories") / 2),
);
