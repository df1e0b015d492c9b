import { assertEquals, assertRejects } from "@std/assert";
import { connectSystemd } from "../../../src/process/notify.ts";
import { listener } from "./listener.ts";

const of = (env: Record<string, string>) => (name: string) => env[name];

Deno.test("connectSystemd() sends nothing before the service is ready, then READY=1 and STOPPING=1", async () => {
  using systemd = listener();
  using way = await connectSystemd({ env: of(systemd.env()) });
  way.ready();
  assertEquals(await systemd.next(), "READY=1");
  way.stopping();
  assertEquals(await systemd.next(), "STOPPING=1");
});

Deno.test("connectSystemd() sends WATCHDOG=1 twice per WatchdogSec while the service is alive", async () => {
  using systemd = listener();
  let asked = 0;
  const alive = Promise.withResolvers<void>();
  using way = await connectSystemd({
    env: of(systemd.env(20)),
    // The function returns true twice, then throws an error, then returns false.
    alive: () => {
      asked++;
      if (asked === 3) throw new Error("the inbox can't be read");
      if (asked === 5) alive.resolve();
      return asked < 3;
    },
  });
  way.ready();
  await alive.promise;
  way.stopping();
  const said: string[] = [];
  for (let text = ""; text !== "STOPPING=1"; said.push(text)) text = await systemd.next();
  assertEquals(said, ["READY=1", "WATCHDOG=1", "WATCHDOG=1", "WATCHDOG=1", "STOPPING=1"]);
});

Deno.test("connectSystemd() sends no watchdog message if systemd supervises a different process", async () => {
  using systemd = listener();
  const env = { ...systemd.env(1), WATCHDOG_PID: `${Deno.pid + 1}` };
  using way = await connectSystemd({ env: of(env) });
  way.ready();
  way.stopping();
  assertEquals([await systemd.next(), await systemd.next()], ["READY=1", "STOPPING=1"]);
});

Deno.test("connectSystemd() throws an error if NOTIFY_SOCKET is not usable", async () => {
  await assertRejects(
    () => connectSystemd({ env: of({ NOTIFY_SOCKET: "@/org/freedesktop/systemd1/notify" }) }),
    Error,
    "@/org/freedesktop/systemd1/notify",
  );
});
