/**
 * The invariants I1–I9 in random histories of fleets without a load balancer (R23), on virtual time.
 *
 * @module
 */
import { holdHistoriesWithoutBalancer } from "./histories/hold.ts";
import { sizeOf } from "./proofs.ts";

Deno.test("the invariants I1–I9 hold in random histories without a load balancer, and no node stops during a job", () =>
  holdHistoriesWithoutBalancer(sizeOf("no-balancer")));
