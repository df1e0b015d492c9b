import { assert, assertEquals, assertThrows } from "@std/assert";
import { SubnetAddresses } from "../../../../src/sandbox/machines/addresses.ts";
import { commandMachines } from "../../../../src/sandbox/machines/command_machine.ts";
import { processTreeMeter } from "../../../../src/sandbox/machines/cpu_meter.ts";
import { eventually } from "../../../support/kas.ts";
import { AwsError } from "../../../../src/sandbox/wire/action.ts";

const HOST = { id: "i-1", address: "10.77.0.4" };

/** Returns whether an action succeeds. */
function attempt(action: () => void): boolean {
  try {
    action();
    return true;
  } catch {
    return false;
  }
}

async function within(folder: string, name: string): Promise<string> {
  return (await Deno.readTextFile(`${folder}/${name}`)).trim();
}

Deno.test("commandMachines() boots and stops a machine with commands that receive the instance's id and address", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const make = commandMachines({
      start: `echo "$1 $2" >${folder}/started`,
      stop: `echo "$KAS_INSTANCE_ID $KAS_INSTANCE_ADDRESS" >${folder}/stopped`,
    });
    const machine = make(HOST);
    await machine[Symbol.asyncDispose]();
    assertEquals(await within(folder, "started"), "i-1 10.77.0.4");
    assertEquals(await within(folder, "stopped"), "i-1 10.77.0.4");
    assertEquals(machine.cpuSeconds(), 0);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("commandMachines() measures the process whose id the start command prints, and the process's descendants", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const busy = "exec >/dev/null 2>&1; (while :; do :; done) & echo $! >$0/busy; wait";
    const machine = commandMachines({
      start: `sh -c '${busy}' ${folder} & echo "pid $!"`,
      stop: `kill $(cat ${folder}/busy)`,
    })(HOST);
    while (machine.cpuSeconds() === 0) await new Promise((resolve) => setTimeout(resolve, 10));
    const before = machine.cpuSeconds();
    await machine[Symbol.asyncDispose]();
    assert(machine.cpuSeconds() >= before, "what an ended process used stays");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("commandMachines() sends a signal to the process whose id the start command prints, and to its descendants", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const children = "exec >/dev/null 2>&1; sleep 3600 & echo $! >$0/child; wait";
    await using machine = commandMachines({
      start: `sh -c '${children}' ${folder} & echo "pid $!"`,
      stop: `kill $(cat ${folder}/child)`,
    })(HOST);
    // The state of a process follows its name in parentheses. Source: proc(5), /proc/PID/stat.
    const state = async () => {
      const pid = await within(folder, "child").catch(() => "");
      if (pid === "") return undefined;
      return /\) (\w)/.exec(await Deno.readTextFile(`/proc/${pid}/stat`))?.[1];
    };
    await eventually(state, (now) => now === "S");
    await eventually(() => attempt(() => machine.signal("SIGSTOP")), (sent) => sent);
    await eventually(state, (now) => now === "T");
    machine.signal("SIGCONT");
    await eventually(state, (now) => now === "S");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("commandMachines() cannot send a signal to a machine whose start command prints no process id", async () => {
  await using machine = commandMachines({ start: "true", stop: "true" })(HOST);
  assertThrows(() => machine.signal("SIGSTOP"), TypeError);
});

Deno.test("commandMachines() reports a failed command with the command's stderr", async () => {
  const crashes: string[] = [];
  const make = commandMachines({ start: "echo no image >&2; exit 3", stop: "exit 4" }, {
    onCrash: ({ id }, words) => crashes.push(`${id} ${words}`),
  });
  await make(HOST)[Symbol.asyncDispose]();
  assertEquals(crashes, [
    "i-1 echo no image >&2; exit 3 exited with status 3: no image",
    "i-1 exit 4 exited with status 4",
  ]);
});

Deno.test("processTreeMeter() adds up the CPU of a process and its descendants, including descendants that have ended", () => {
  const children = new Map([[1, [2, 3]], [2, []], [3, [4]], [4, []]]);
  const seconds = processTreeMeter(1, {
    list: (path) => {
      const pid = Number(path.split("/")[2]);
      if (!children.has(pid)) throw new Deno.errors.NotFound(path);
      return [`${pid}`];
    },
    read: (path) => {
      const pid = Number(path.split("/")[2]);
      if (path.endsWith("/children")) return children.get(pid)?.map((child) => `${child} `).join("") ?? "";
      if (path.endsWith("/schedstat")) return `${pid}000000000 0 1`;
      if (path.endsWith("/stat")) return `${pid} (sh) S ${"0 ".repeat(10)}${pid}00 0 0`;
      return "voluntary_ctxt_switches:\t0\nnonvoluntary_ctxt_switches:\t0\n";
    },
  });
  assertEquals(seconds(), 1 + 2 + 3 + 4);
  children.delete(4);
  children.set(3, []);
  assertEquals(seconds(), 10);
});

Deno.test("processTreeMeter() measures a process also if the kernel does not list its children", () => {
  const seconds = processTreeMeter(1, {
    list: (path) => path === "/proc/1/task" ? ["1"] : missing(path),
    read: (path) => path === "/proc/1/stat" ? `1 (sh) S ${"0 ".repeat(10)}150 50 0` : missing(path),
  });
  assertEquals(seconds(), 2);
});

function missing(path: string): never {
  throw new Deno.errors.NotFound(path);
}

Deno.test("SubnetAddresses returns each usable address of a VPC's subnet once", () => {
  const subnet = new SubnetAddresses("10.77.0");
  const all = Array.from({ length: 251 }, () => subnet.take());
  assertEquals([all[0], all.at(-1), new Set(all).size], ["10.77.0.4", "10.77.0.254", 251]);
  assertThrows(() => subnet.take(), AwsError);
  subnet.release("10.77.0.9");
  assertEquals(subnet.take(), "10.77.0.9");
});
