import { assertEquals } from "@std/assert";
import { demo } from "./demo.ts";
import { sizeOf } from "../long/proofs.ts";

/** How late metrics are in each run, in turn: by default, not at all, and about as late as AWS's may be. */
const DELAYS = ["90s", "0s", "60s", "120s"];

Deno.test("each of the nine demo steps ends with the expected number of instances, and the demo exits with status 0", async () => {
  for (let run = 0; run < sizeOf("demo"); run++) {
    const delay = DELAYS[run % DELAYS.length];
    const { code, rows, said } = await demo("--speed", "45", "--fault", `metric-delay=${delay}`);
    assertEquals(code, 0, `metrics ${delay} late: ${said}`);
    assertEquals(rows.map((row) => row["in_service"]), [1, 1, 2, 2, 2, 1, 1, 1, 1]);
  }
});
