/**
 * Runs the commands of the README's stories, in the order of the page, with free ports in place of the default ones.
 *
 * @module
 */
import { assertEquals, assertMatch } from "@std/assert";
import { BUILT, execute, exportsOf, start } from "../support/kas.ts";
import { program, testWith } from "../support/needs.ts";

const PAGE = new URL("../../README.md", import.meta.url);
const FOLDER = decodeURIComponent(new URL(".", PAGE).pathname);

/** A story of the page: a sandbox, an autoscaler, and the commands that follow. */
interface Story {
  readonly sandbox: readonly string[];
  readonly autoscaler: readonly string[];
  readonly rest: readonly (readonly string[])[];
}

Deno.test("the commands of the README's first fleet work, and the load brings the node into service", async () => {
  await play(await story("A first fleet"));
});

testWith(
  [program("node")],
  "the commands of the README's own service work, and the load brings the node into service",
  async () => {
    await play(await story("Your own service in five minutes"));
  },
);

/** Runs the commands of a story. */
async function play({ sandbox: command, autoscaler: service, rest }: Story): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    const own = command.map((word) => word.replace("examples/", `${FOLDER}examples/`));
    await using sandbox = start([...BUILT, ...own, ..."--port 0 --balancer-port 0".split(" ")]);
    const env = await exportsOf(sandbox);
    const [, balancer = ""] = await sandbox.line(/Load balancer: (http:\/\/\S+)\./);
    await using autoscaler = start(
      [...BUILT, ...service.map((word) => word.startsWith("/tmp/kas") ? folder : word)]
        .concat("--listen", "127.0.0.1:0"),
      env,
    );
    const [, url = ""] = await autoscaler.line(/listening on (http:\/\/\S+)/);
    const said = new Map<string, string>();
    for (const words of rest) {
      const replaced = words.map((word) =>
        word.replace("http://127.0.0.1:10001", url).replace("http://127.0.0.1:30000", balancer)
      );
      const { code, stdout, stderr } = await execute([...BUILT, ...replaced], env);
      assertEquals(code, 0, `${words.join(" ")}: ${stdout}${stderr}`);
      said.set(words[1] ?? "", stdout);
    }
    assertMatch(said.get("instances") ?? "", /\tnode\trunning\t.*\tInService/);
    const { stdout } = await execute([...BUILT, "admin", "activities", "--url", url], env);
    assertMatch(stdout, /\tstart\ti-\w+\tsuccessful/);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** The `sh` blocks below a heading of the page. */
async function blocks(heading: string): Promise<string[]> {
  const [, section = ""] = (await Deno.readTextFile(PAGE)).split(`## ${heading}\n`);
  const [text = ""] = section.split("\n## ");
  return Array.from(
    text.matchAll(/^```sh\n(?<script>[^]*?)^```$/gm),
    ({ groups }) => groups?.["script"] ?? "",
  );
}

/** The story in the first block below a heading. */
async function story(heading: string): Promise<Story> {
  const [first] = await blocks(heading);
  const [sandbox = [], autoscaler = [], ...rest] = commands(first);
  return { sandbox, autoscaler, rest };
}

/** The commands of a block, as the words after `kas`. */
function commands(block = ""): string[][] {
  return block.split("\n").filter((line) => line.startsWith("kas ")).map((line) =>
    Array.from(
      line.replace(/#.*/, "").matchAll(/'([^']*)'|(\S+)/g),
      ([, quoted, word]) => quoted ?? word ?? "",
    )
      .slice(1)
  );
}
