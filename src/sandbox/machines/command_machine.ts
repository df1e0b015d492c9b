/**
 * Simulated machines that shell commands boot and stop, for example containers or virtual machines.
 *
 * @module
 */
import { processTree, processTreeMeter } from "./cpu_meter.ts";
import type { MachineAddress, MachineFactory } from "./machine.ts";

/**
 * Commands that boot and stop a machine. `sh -c` runs each command with the instance's id as `$1` and KAS_INSTANCE_ID, and its address as
 * `$2` and KAS_INSTANCE_ADDRESS.
 */
export interface MachineCommands {
  /**
   * Command that boots a machine and exits when the boot has begun. If the command prints `pid N`, the machine's CPU load is the
   * load of process N and its descendants. Otherwise the machine appears idle.
   */
  readonly start: string;
  /** Command that shuts a machine down and exits when the machine is off. */
  readonly stop: string;
}

/** The result of a start or stop command. */
interface CommandResult {
  readonly stdout: string;
  /** Reason why the command failed; undefined on success. */
  readonly failure: string | undefined;
}

/** How many of the last characters of a command's stderr an error contains. */
const MAX_STDERR = 2_000;

/**
 * Runs each machine with commands. If a boot fails, its instance stays in the running state, unhealthy and idle.
 *
 * @param options.onCrash callback that receives the end of stderr when a command fails
 */
export function commandMachines(
  { start, stop }: MachineCommands,
  { onCrash = () => {} }: { onCrash?: (machine: MachineAddress, reason: string) => void } = {},
): MachineFactory {
  return (machine) => {
    let meter = () => 0;
    let root: number | undefined;
    const started = run(start, machine).then(({ stdout, failure }) => {
      if (failure !== undefined) return onCrash(machine, failure);
      const pid = /^pid (\d+)$/m.exec(stdout)?.[1];
      if (pid === undefined) return;
      root = Number(pid);
      meter = processTreeMeter(root);
    });
    return {
      cpuSeconds: () => meter(),
      signal: (signal) => {
        if (root === undefined) throw new TypeError(`${start} has printed no "pid N"`);
        for (const pid of processTree(root)) Deno.kill(pid, signal);
      },
      [Symbol.asyncDispose]: async () => {
        // The stop command must wait, because a machine cannot be stopped during its boot.
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
