/**
 * Runs the demo, `kas admin sandbox --scenario nine-steps`, and reads its report.
 *
 * @module
 */
import { BUILT, execute } from "../support/kas.ts";

const DEMO = "admin sandbox --scenario nine-steps --port 0 --balancer-port 0 --output json".split(" ");

/** A step's row in the report. */
interface Row {
  readonly step: number;
  readonly "in_service": number;
  readonly expected: number;
  readonly result: string;
}

/** Runs the demo with flags, and reads its rows. */
export async function demo(
  ...flags: readonly string[]
): Promise<{ readonly code: number; readonly rows: readonly Row[]; readonly said: string }> {
  const { code, stdout, stderr } = await execute([...BUILT, ...DEMO, ...flags]);
  const said = `${stdout}\n${stderr}`;
  try {
    return { code, rows: JSON.parse(stdout), said };
  } catch (cause) {
    throw new Error(`The demo printed no JSON: ${said}`, { cause });
  }
}
