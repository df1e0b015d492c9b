import { assertEquals } from "@std/assert";
import { configure, type LogRecord } from "@logtape/logtape";
import { EmptyFleetWatch } from "../../../../src/autoscaler/alerts/empty_fleet.ts";
import { connect } from "../../../../src/aws/clients.ts";
import { fleet } from "../../admin/fleet.ts";
import { BASE } from "../../scaling/fixtures.ts";

/** Collects the log records of kas. */
async function records(): Promise<LogRecord[]> {
  const all: LogRecord[] = [];
  await configure({
    reset: true,
    sinks: { records: (record) => all.push(record) },
    loggers: [{ category: "kas", sinks: ["records"] }, { category: ["logtape", "meta"], sinks: [] }],
  });
  return all;
}

Deno.test("the autoscaler warns once of a fleet without instances, and names the fleets that have some", async () => {
  await using f = await fleet();
  using aws = connect({ region: "eu-west-1", endpointUrl: f.sandbox.url });
  const logged = await records();
  {
    await using watch = new EmptyFleetWatch(aws, "kass");
    watch.look(undefined);
    watch.look({ instances: [] });
    watch.look({ instances: [] });
    await watch.settled;
  }
  assertEquals(logged.map(({ level, rawMessage, properties }) => ({ level, rawMessage, properties })), [{
    level: "warning",
    rawMessage: "fleet has no instances",
    properties: { fleet: "kass", fleetsWithInstances: "kas", remedy: "--fleet kas" },
  }]);
});

Deno.test("the autoscaler does not warn of a fleet that has lost its instances since the start", async () => {
  await using f = await fleet();
  using aws = connect({ region: "eu-west-1", endpointUrl: f.sandbox.url });
  const logged = await records();
  await using watch = new EmptyFleetWatch(aws, "kas");
  watch.look({ instances: [BASE] });
  watch.look({ instances: [] });
  await watch.settled;
  assertEquals(logged, []);
});
