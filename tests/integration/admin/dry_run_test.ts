import { assertEquals } from "@std/assert";
import { BASE, fleet } from "../../unit/admin/fleet.ts";

Deno.test("admin commands with --dry-run change no load balancer, alarm or topic", async () => {
  await using f = await fleet();
  f.changes();
  const cases: [string, string][] = [
    ["balancers create web", "create load balancer web in eu-west-1a, eu-west-1b\n"],
    [`balancers deregister kas ${BASE}`, `deregister ${BASE} from kas\n`],
    [`alarms set ${BASE}`, `create alarm kas:cpuhigh:${BASE}\ncreate alarm kas:cpulow:${BASE}\n`],
    ["topics create web", "create topic web\n"],
    ["topics subscribe http://127.0.0.1:9/", "subscribe http://127.0.0.1:9/ to topic kas\n"],
  ];
  for (const [words, out] of cases) {
    assertEquals(await f.kas(`${words} --dry-run`), { status: 0, out, err: "" }, words);
  }
  assertEquals(f.changes(), []);
});
