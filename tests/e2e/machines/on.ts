/**
 * What the sandbox's `--on-start` and `--on-stop` run: boots or powers off a machine of a room. The words are the room as JSON,
 * `start` or `stop`, and the machine's address.
 *
 * @module
 */
import { boot, shutDown } from "./machine.ts";

const [room = "", what = "", address = ""] = Deno.args;
const place = { ...JSON.parse(room), number: Number(address.split(".").at(-1)) };
if (what === "start") {
  await Deno.stdout.write(new TextEncoder().encode(`pid ${(await boot(place, { nginx: true })).pid}\n`));
} else await shutDown(place);
