/**
 * The program of the sandbox's `--on-start` and `--on-stop`: boots or powers off a machine of a room. Its arguments are the room as
 * JSON, `start` or `stop`, and the machine's address.
 *
 * @module
 */
import { boot, shutDown } from "./machine.ts";

const [room = "", what = "", address = ""] = Deno.args;
const place = { ...JSON.parse(room), number: Number(address.split(".").at(-1)) };
if (what === "start") {
  await Deno.stdout.write(new TextEncoder().encode(`pid ${(await boot(place, { nginx: true })).pid}\n`));
} else await shutDown(place);
