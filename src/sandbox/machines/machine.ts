/**
 * The machines that instances run on: each a real process with an address of its own, whose CPU is really measured.
 *
 * @module
 */
import { endChild, spawnChild } from "./child.ts";
import { cpuMeter } from "./cpu_meter.ts";
import type { Machine } from "../wire/service.ts";

/** The port that an instance serves on, and that its load balancer and operators reach it at. */
export const INSTANCE_PORT = 30000;

/** What a machine is made for. */
export interface Host {
  /** The instance's id. */
  readonly id: string;
  /** Where it is to serve, on {@linkcode INSTANCE_PORT}. */
  readonly address: string;
}

/** Boots a machine: returns at once, and the machine serves soon after. */
export type MakeMachine = (host: Host) => Machine;

/** How much of a worker's last words is kept to explain why it ended, in characters. */
const LAST_WORDS = 2_000;

/**
 * Machines that are processes of one command line, to which `--listen ADDRESS:30000` is added. A process that ends by itself
 * leaves its instance running, unhealthy and idle.
 *
 * @param grace how long a process may take to end after SIGTERM before it is killed, ms
 * @param onCrash told of a process that ended by itself, with what it said last on stderr
 */
export function processMachines(
  worker: readonly string[],
  { grace = 5_000, onCrash = () => {} }: {
    grace?: number;
    onCrash?: (host: Host, lastWords: string) => void;
  } = {},
): MakeMachine {
  return (host) => {
    const process = spawnChild([...worker, "--listen", `${host.address}:${INSTANCE_PORT}`]);
    const meter = cpuMeter(process.pid);
    let stopping = false;
    const ended = Promise.all([process.status, lastWords(process.stderr)]).then(([status, words]) => {
      if (!stopping) onCrash(host, words.trim() || `exit status ${status.code}`);
    });
    return {
      cpuSeconds: meter,
      [Symbol.asyncDispose]: async () => {
        stopping = true;
        await endChild(process, ended, grace);
      },
    };
  };
}

async function lastWords(stream: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<string> {
  let words = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    words = (words + text).slice(-LAST_WORDS);
  }
  return words;
}
