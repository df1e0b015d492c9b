/**
 * Simulated machines that are processes of a command: the worker of kas, or somebody's own service.
 *
 * @module
 */
import { endChild, sendSignal, spawnChild } from "./child.ts";
import { processTreeMeter } from "./cpu_meter.ts";
import type { MachineAddress, MachineFactory } from "./machine.ts";

/** How many of the last characters of a process's stderr an error contains. */
const MAX_STDERR = 2_000;

/** The program that every machine runs. */
export type Program =
  | {
    /** Command line of kas's worker, to which the sandbox appends `--listen ADDRESS:PORT`. */
    readonly worker: readonly string[];
    readonly port: number;
  }
  | {
    /** Command line that `sh -c` runs, with HOST, PORT and INSTANCE_ID in its environment. */
    readonly service: string;
    readonly port: number;
  };

/**
 * Runs each machine as a process of one program. The CPU load of a machine is the load of the process and its descendants. If a process
 * exits unexpectedly, its instance stays in the running state, unhealthy and idle.
 *
 * @param options.grace time between SIGTERM and SIGKILL in ms
 * @param options.onCrash callback that receives the end of stderr when a process exits unexpectedly
 */
export function processMachines(
  program: Program,
  { grace = 5_000, onCrash = () => {} }: {
    grace?: number;
    onCrash?: (machine: MachineAddress, reason: string) => void;
  } = {},
): MachineFactory {
  return (machine) => {
    const process = spawn(program, machine);
    const meter = processTreeMeter(process.pid);
    let stopping = false;
    // A descendant of the process keeps stderr open: the machine is off when all of them have ended.
    const ended = Promise.all([process.status, readStderrTail(process.stderr)]).then(([status, stderr]) => {
      if (!stopping) onCrash(machine, stderr.trim() || `exit status ${status.code}`);
    });
    return {
      cpuSeconds: meter,
      signal: (signal) => sendSignal(process, signal),
      [Symbol.asyncDispose]: async () => {
        stopping = true;
        await endChild(process, ended, grace);
      },
    };
  };
}

function spawn(program: Program, { id, address }: MachineAddress): Deno.ChildProcess {
  const { port } = program;
  if ("worker" in program) return spawnChild([...program.worker, "--listen", `${address}:${port}`]);
  const env = { ...Deno.env.toObject(), HOST: address, PORT: String(port), INSTANCE_ID: id };
  return spawnChild(["sh", "-c", program.service], { env, group: true });
}

async function readStderrTail(stream: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<string> {
  let tail = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    tail = (tail + text).slice(-MAX_STDERR);
  }
  return tail;
}
