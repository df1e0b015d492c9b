/**
 * Commands of `kas admin` that connect to instances or read the whole fleet, on each backend. moto's instances have no
 * servers, so no case connects to a running instance of moto.
 *
 * @module
 */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { stopInstance } from "../../../src/aws/ec2/state_changes.ts";
import { kas } from "./admin.ts";
import type { Backend } from "./backends.ts";
import { type Case, launch, settled } from "./cases.ts";

const UNKNOWN = "i-0123456789abcdef0";

/** Launches and stops an instance. */
async function stopped(backend: Backend, fleet: string, role: "base" | "node"): Promise<string> {
  const [{ id = "" } = {}] = await launch(backend, fleet, role, 1);
  await stopInstance(backend.aws, id);
  return (await settled(backend, id, "stopped")).id;
}

export const REACH_CASES: readonly Case[] = [
  {
    name: "ssh connects to a running instance, and not to a stopped one",
    run: async (backend, fleet) => {
      const [{ id = "", publicDns, privateIp } = {}] = await launch(backend, fleet, "base", 1);
      const ssh = (...words: string[]) => kas(backend, fleet, "ssh", ...words, "--dry-run");
      const { status, rows } = await ssh(id, "--user", "ubuntu");
      assertEquals(status, 0);
      assertMatch(String(rows[0]?.["action"]), new RegExp(`HostKeyAlias=${id} -l ubuntu -- ${publicDns}$`));
      assertMatch(String((await ssh(id, "--private")).rows[0]?.["action"]), new RegExp(` ${privateIp}$`));
      const node = await stopped(backend, fleet, "node");
      const refused = await ssh(node);
      assertEquals([refused.status, refused.rows], [1, []]);
      assertStringIncludes(refused.stderr, node);
      assertEquals((await ssh(UNKNOWN)).status, 4);
    },
  },
  {
    name: "provision exits with status 1 for a stopped instance, and with status 4 for an unknown instance",
    run: async (backend, fleet) => {
      const node = await stopped(backend, fleet, "node");
      const refused = await kas(backend, fleet, "provision", node);
      assertEquals([refused.status, refused.rows.map(({ host, result }) => [host, result])], [1, [[
        node,
        "failed",
      ]]]);
      assertStringIncludes(refused.stderr, node);
      assertEquals((await kas(backend, fleet, "provision", UNKNOWN)).status, 4);
    },
  },
  {
    name: "ping checks every running instance, and reports the state of a stopped one",
    run: async (backend, fleet) => {
      const node = await stopped(backend, fleet, "node");
      assertEquals(await kas(backend, fleet, "ping"), { status: 0, rows: [], stderr: "" });
      const { status, rows } = await kas(backend, fleet, "ping", node);
      assertEquals([status, rows.map(({ target, status }) => [target, status])], [1, [[node, "stopped"]]]);
      assertEquals((await kas(backend, fleet, "ping", UNKNOWN)).status, 4);
      if (backend.name === "moto") return;
      const [{ id = "" } = {}] = await launch(backend, fleet, "base", 1);
      // The fleet has no load balancer, whose health check the command would make.
      const all = await kas(backend, fleet, "ping", "--health-check", "http:30000/ping");
      assertEquals([all.status, all.rows.map(({ target, status }) => [target, status])], [0, [[id, 200]]]);
    },
  },
  {
    name: "scale observes the fleet, decides, and stops an instance",
    run: async (backend, fleet) => {
      const [base] = await launch(backend, fleet, "base", 1);
      const [node] = await launch(backend, fleet, "node", 1);
      assertEquals((await kas(backend, fleet, "balancers", "create", fleet)).status, 0);
      for (const { id = "" } of [base ?? {}, node ?? {}]) {
        assertEquals((await kas(backend, fleet, "balancers", "register", fleet, id)).status, 0);
      }
      const scale = async (...words: string[]) => (await kas(backend, fleet, "scale", ...words)).rows[0];
      assertEquals((await scale("out"))?.["action"], "no action (max-capacity)");
      const words = ["in", "--warmup", "0s", "--instance", node?.id ?? ""];
      const decided = await scale(...words, "--dry-run");
      assertEquals([decided?.["kind"], decided?.["name"]], ["stop", node?.id]);
      const done = await scale(...words);
      assertEquals([done?.["instance"], done?.["status"]], [node?.id, "successful"]);
      await settled(backend, node?.id ?? "", "stopped");
      const next = await scale("out", "--dry-run");
      assertEquals([next?.["kind"], next?.["name"]], ["start", node?.id]);
      const to = await scale("to", "2", "--dry-run");
      assertEquals([to?.["kind"], to?.["name"]], ["start", node?.id]);
    },
  },
  {
    name: "doctor can read everything that its checks need",
    run: async (backend, fleet) => {
      const base = await stopped(backend, fleet, "base");
      assertEquals((await kas(backend, fleet, "setup", "--balancer", "classic")).status, 0);
      const { rows } = await kas(backend, fleet, "doctor");
      const result = (name: string) => rows.find(({ check }) => check === name);
      for (const name of ["credentials", "reading", "balancer", "alarms", "alarm-actions", "topic"]) {
        assertEquals(result(name)?.["result"], "ok", String(result(name)?.["detail"]));
      }
      assertEquals(result("base")?.["result"], "failed");
      assert(String(result("base")?.["detail"]).includes(base));
    },
  },
];
