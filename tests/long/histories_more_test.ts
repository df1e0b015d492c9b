/**
 * The second half of the histories of `histories_test.ts`.
 *
 * @module
 */
import { holdHistories } from "./histories/hold.ts";
import { sizeOf } from "./proofs.ts";

Deno.test("the invariants I1–I9 hold in the second half of the random histories", () =>
  holdHistories(sizeOf("histories") / 2));
