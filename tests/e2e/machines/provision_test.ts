import { assertEquals } from "@std/assert";
import { type Ended, execute } from "../../kas.ts";
import { testWith } from "../../needs.ts";
import { MACHINES, type Room, room } from "./room.ts";

const KAS = new URL("../../../dist/kas", import.meta.url).pathname;

function provision({ path, identity }: Room, ...words: string[]): Promise<Ended> {
  const flags = ["--identity", identity, "--user", "root", "--output", "tsv"];
  return execute([KAS, "admin", "provision", ...flags, ...words], { PATH: path });
}

testWith(MACHINES, "a bare machine is made a worker", async () => {
  await using r = await room();
  const [one] = await Promise.all([r.boot(4)]);
  console.log(performance.now());
  const first = await provision(r, one.address);
  console.log(first.stdout, first.stderr);
  console.log((await provision(r, one.address)).stdout);
  assertEquals(first.code, 0);
});
