/**
 * The invariants I1–I8 over random histories: fleets, signals, loads, clocks, crashes, faults and other people, on virtual
 * time. A lab has the time of its whole program: that two cores may share the 2,000 histories, the second thousand is a file of
 * its own, `histories_more_test.ts`.
 *
 * @module
 */
import { slow } from "../support/needs.ts";
import { hold } from "./histories/hold.ts";

Deno.test(
  "I1–I8 hold in every history of signals, loads, clocks, crashes, faults and other people",
  () => hold(slow().met ? 1_000 : 20),
);
