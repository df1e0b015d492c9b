/**
 * Machines that commands boot and stop: real ones, with a system of their own.
 *
 * @module
 */
import { processTreeMeter } from "./cpu_meter.ts";
import type { MachineAddress, MachineFactory } from "./machine.ts";

/** The commands, for `sh -c`. Both find the instance's id in `$1` and KAS_INSTANCE_ID, its address in `$2` and KAS_INSTANCE_ADDRESS. */
export interface MachineCommands {
  /**
   * Boots a machine, and ends when it is on its way. A line `pid N` on its stdout names the process whose CPU, with that of its
   * descendants, is the machine's; without it the machine looks idle.
   */
  readonly start: string;
  /** Shuts it down, and ends when it is off. */
  readonly stop: string;
}

/** How a command ended. */
interface CommandResult {
  readonly stdout: string;
  /** Why it failed; undefined if it did not. */
  readonly failure: string | undefined;
}

/** How much of what a command says is told, in characters. */
const MAX_STDERR = 2_000;

/**
 * Machines that commands boot and stop. One that does not boot leaves its instance running, unhealthy and idle.
 *
 * @param onCrash told of a command that failed, with what it said last
 */
export function commandMachines(
  { start, stop }: MachineCommands,
  { onCrash = () => {} }: { onCrash?: (host: MachineAddress, lastWords: string) => void } = {},
): MachineFactory {
  return (host) => {
    let meter = () => 0;
    const started = run(start, host).then(({ stdout, failure }) => {
      if (failure !== undefined) return onCrash(host, failure);
      const pid = /^pid (\d+)$/m.exec(stdout)?.[1];
      if (pid !== undefined) meter = processTreeMeter(Number(pid));
    });
    return {
      cpuSeconds: () => meter(),
      [Symbol.asyncDispose]: async () => {
        // What is booting can't be stopped yet.
        await started;
        const { failure } = await run(stop, host);
        if (failure !== undefined) onCrash(host, failure);
      },
    };
  };
}

async function run(command: string, { id, address }: MachineAddress): Promise<CommandResult> {
  const { success, code, stdout, stderr } = await new Deno.Command("sh", {
    args: ["-c", command, "kas", id, address],
    env: { KAS_INSTANCE_ID: id, KAS_INSTANCE_ADDRESS: address },
    stdin: "null",
  }).output();
  const said = new TextDecoder().decode(stderr).trim().slice(-MAX_STDERR);
  return {
    stdout: new TextDecoder().decode(stdout),
    failure: success ? undefined : `${command} ended with ${code}${said === "" ? "" : `: ${said}`}`,
  };
}
