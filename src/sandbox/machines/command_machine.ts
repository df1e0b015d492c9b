/**
 * Machines that commands boot and stop: containers or virtual machines, for example.
 *
 * @module
 */
import { processTreeMeter } from "./cpu_meter.ts";
import type { MachineAddress, MachineFactory } from "./machine.ts";

/**
 * The commands, run by `sh -c`. Both get the instance's id as `$1` and KAS_INSTANCE_ID, and its address as `$2` and
 * KAS_INSTANCE_ADDRESS.
 */
export interface MachineCommands {
  /**
   * Boots a machine and exits once the boot has begun. If it prints `pid N`, the CPU of that process and its
   * descendants is the machine's CPU; otherwise the machine appears idle.
   */
  readonly start: string;
  /** Shuts a machine down and exits once it is off. */
  readonly stop: string;
}

/** The result of a command. */
interface CommandResult {
  readonly stdout: string;
  /** Why the command failed; undefined on success. */
  readonly failure: string | undefined;
}

/** How much of the end of a command's stderr is reported, in characters. */
const MAX_STDERR = 2_000;

/**
 * Runs each machine by commands. After a failed boot, its instance stays in the running state, unhealthy and idle.
 *
 * @param options.onCrash called when a command fails, with the end of its stderr
 */
export function commandMachines(
  { start, stop }: MachineCommands,
  { onCrash = () => {} }: { onCrash?: (machine: MachineAddress, reason: string) => void } = {},
): MachineFactory {
  return (machine) => {
    let meter = () => 0;
    const started = run(start, machine).then(({ stdout, failure }) => {
      if (failure !== undefined) return onCrash(machine, failure);
      const pid = /^pid (\d+)$/m.exec(stdout)?.[1];
      if (pid !== undefined) meter = processTreeMeter(Number(pid));
    });
    return {
      cpuSeconds: () => meter(),
      [Symbol.asyncDispose]: async () => {
        // A machine cannot be stopped while it boots.
        await started;
        const { failure } = await run(stop, machine);
        if (failure !== undefined) onCrash(machine, failure);
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
  const stderrTail = new TextDecoder().decode(stderr).trim().slice(-MAX_STDERR);
  return {
    stdout: new TextDecoder().decode(stdout),
    failure: success
      ? undefined
      : `${command} exited with status ${code}${stderrTail === "" ? "" : `: ${stderrTail}`}`,
  };
}
