/**
 * Simulated machines that are processes of a worker command.
 *
 * @module
 */
import { endChild, sendSignal, spawnChild } from "./child.ts";
import { cpuMeter } from "./cpu_meter.ts";
import { INSTANCE_PORT, type MachineAddress, type MachineFactory } from "./machine.ts";

/** How many of the last characters of a worker's stderr an error contains. */
const MAX_STDERR = 2_000;

/**
 * Runs each machine as a process of one command, to which it appends `--listen ADDRESS:30000`. If a process exits unexpectedly, its
 * instance stays in the running state, unhealthy and idle.
 *
 * @param options.grace time between SIGTERM and SIGKILL in ms
 * @param options.onCrash callback that receives the end of stderr when a process exits unexpectedly
 */
export function processMachines(
  worker: readonly string[],
  { grace = 5_000, onCrash = () => {} }: {
    grace?: number;
    onCrash?: (machine: MachineAddress, reason: string) => void;
  } = {},
): MachineFactory {
  return (machine) => {
    const process = spawnChild([...worker, "--listen", `${machine.address}:${INSTANCE_PORT}`]);
    const meter = cpuMeter(process.pid);
    let stopping = false;
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

async function readStderrTail(stream: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<string> {
  let tail = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    tail = (tail + text).slice(-MAX_STDERR);
  }
  return tail;
}
