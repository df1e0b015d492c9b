import { assert, assertEquals } from "@std/assert";
import { testWith } from "../../support/needs.ts";
import { provision, results, say, times } from "./provision.ts";
import { MACHINES, room } from "./room.ts";

testWith(
  MACHINES,
  "an autoscaler that polls runs alone on a control node, without nginx, a worker or a package",
  async () => {
    await using r = await room();
    const machine = await r.boot(4);
    const packages = () => machine.sh("dpkg-query -W -f '${Package} ${Version}\\n'");
    const before = await packages();
    const words = ["--role", "autoscaler", "--pull", "--region", "eu-west-1", "--max", "4", machine.address];
    const ended = await provision(r, words);
    say(`  ${times(ended)}`);
    assertEquals(ended.code, 0, ended.stderr);
    assertEquals(results(ended)[`${machine.address} packages`], "unchanged");
    assertEquals(await packages(), before);
    assertEquals(await machine.sh("systemctl is-enabled kas-autoscaler"), "enabled");
    assertEquals(await machine.sh("find /etc -name '*nginx*' -o -name 'kas-worker*'"), "");
    assertEquals(
      JSON.parse(await machine.sh("cat /etc/kas/kas.json")),
      { pull: true, region: "eu-west-1", max: 4 },
    );
    await machine.sh("/usr/local/bin/kas admin ping 127.0.0.1:10001");

    // Without --role, a later run keeps the role, and changes nothing.
    const again = await provision(r, [machine.address]);
    assertEquals(again.code, 0, again.stderr);
    const steps = Object.entries(results(again)).filter(([step]) => !step.endsWith(" inspect"));
    assert(steps.length > 0);
    for (const [step, result] of steps) assertEquals(result, "unchanged", step);
  },
);
