/**
 * Reads the facts about one host.
 *
 * @module
 */
import { HostError } from "../host_error.ts";
import type { Connection } from "../ssh/connection.ts";
import { type FactsQuery, factsScript, type HostFacts, parseFacts } from "./facts.ts";

/**
 * Runs the script that prints the facts about a host, and parses its output.
 *
 * @throws {HostError} if the host is unreachable, or its shell prints unexpected output
 */
export async function inspectHost(connection: Connection, query: FactsQuery): Promise<HostFacts> {
  const lines: string[] = [];
  const { stderr } = await connection.run(factsScript(query), { onLine: (line) => lines.push(line) });
  try {
    return parseFacts(lines.join("\n"));
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new HostError(`${error.message}: ${stderr.trim() || lines[0] || "nothing"}`);
  }
}
