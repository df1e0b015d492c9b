import { assertEquals } from "@std/assert";
import { demo } from "./demo.ts";
import { sizeOf } from "../long/proofs.ts";

Deno.test("each of the nine demo steps ends with the expected number of instances, and the demo exits with status 0", async () => {
  for (let run = 0; run < sizeOf("demo"); run++) {
    const { code, rows, said } = await demo("--speed", "25");
    assertEquals(code, 0, said);
    assertEquals(rows.map((row) => row["in_service"]), [1, 1, 2, 2, 2, 1, 1, 1, 1]);
  }
});
