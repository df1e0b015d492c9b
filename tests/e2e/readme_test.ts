/**
 * Runs the commands of the README's first fleet, in the order of the page, with free ports in place of the default ones.
 *
 * @module
 */
import { assertEquals, assertMatch } from "@std/assert";
import { BUILT, execute, exportsOf, start } from "../support/kas.ts";

const PAGE = new URL("../../README.md", import.meta.url);

Deno.test("the commands of the README's first fleet work, and the load brings the node into service", async () => {
  const commands = firstFleet(await Deno.readTextFile(PAGE));
  const folder = await Deno.makeTempDir();
  try {
    await using sandbox = start([
      ...BUILT,
      ...command(commands, "admin sandbox"),
      ..."--port 0 --balancer-port 0".split(" "),
    ]);
    const env = await exportsOf(sandbox);
    const [, balancer = ""] = await sandbox.line(/Load balancer: (http:\/\/\S+)\./);
    await using autoscaler = start(
      [...BUILT, ...command(commands, "autoscaler").map((word) => word === "/tmp/kas" ? folder : word)]
        .concat("--listen", "127.0.0.1:0"),
      env,
    );
    const [, url = ""] = await autoscaler.line(/listening on (http:\/\/\S+)/);
    const said = new Map<string, string>();
    for (const words of commands.slice(commands.findIndex(([, name]) => name === "setup"))) {
      const own = words.map((word) =>
        word.replace("http://127.0.0.1:10001", url).replace("http://127.0.0.1:30000", balancer)
      );
      const { code, stdout, stderr } = await execute([...BUILT, ...own], env);
      assertEquals(code, 0, `${words.join(" ")}: ${stdout}${stderr}`);
      said.set(words[1] ?? "", stdout);
    }
    assertMatch(said.get("instances") ?? "", /\tnode\trunning\t.*\tInService/);
    assertMatch(said.get("activities") ?? "", /\tstart\ti-\w+\tsuccessful/);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

/** The commands of the page's first block that starts a sandbox, as the words after `kas`. */
function firstFleet(page: string): string[][] {
  const block =
    Array.from(page.matchAll(/^```sh\n(?<script>[^]*?)^```$/gm), ({ groups }) => groups?.["script"] ?? "")
      .find((script) => script.includes("kas admin sandbox")) ?? "";
  return block.split("\n").filter((line) => line.startsWith("kas ")).map((line) =>
    line.replace(/#.*/, "").trim().split(/\s+/).slice(1)
  );
}

function command(commands: readonly string[][], name: string): string[] {
  return commands.find((words) => words.join(" ").startsWith(name)) ?? [];
}
