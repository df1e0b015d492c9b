import { assertEquals } from "@std/assert";
import { TEMPLATE } from "../../../support/lab/cloud.ts";
import { AT_ONCE, fleetOf } from "../../../support/lab/fleet_plan.ts";
import type { Lab } from "../../../support/lab/lab.ts";
import { askForMore, countInService, openNotifiedLab } from "../../../support/lab/script.ts";

Deno.test("after a crash between a launch and its record in the journal, kas launches no second instance (R13)", async () => {
  const victim: { lab?: Lab } = {};
  const tokens: unknown[] = [];
  await using lab = await openNotifiedLab(
    fleetOf([], { kind: true, limits: { ...AT_ONCE, grow: TEMPLATE, max: 3 } }),
    {
      onCall: ({ action, input, moment }) => {
        if (action !== "RunInstances" || moment === "before") return;
        tokens.push(input["ClientToken"]);
        if (tokens.length <= 2) victim.lab?.kill(2_000);
      },
    },
  );
  victim.lab = lab;
  await askForMore(lab);
  await lab.pass(180_000);
  assertEquals([tokens.length, new Set(tokens).size], [3, 1]);
  assertEquals([lab.cloud.fleet().length, countInService(lab)], [2, 2]);
  const line = lab.kas.journal.lines(9, lab.time.now()).find(({ kind }) => kind !== "none");
  assertEquals([line?.kind, line?.instance, line?.status], ["launch", lab.launched(), "successful"]);
});
