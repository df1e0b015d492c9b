/**
 * The sandbox's EC2 without sockets, whose clock a test moves.
 *
 * @module
 */
import { assertEquals, assertRejects } from "@std/assert";
import { LoopbackAddresses } from "../../../../src/sandbox/machines/addresses.ts";
import { ec2 as makeEc2 } from "../../../../src/sandbox/ec2/service.ts";
import { Lifecycle } from "../../../../src/sandbox/ec2/lifecycle.ts";
import { FailureInjector } from "../../../../src/sandbox/faults/inject_failures.ts";
import { Faults } from "../../../../src/sandbox/faults/faults.ts";
import { AwsError, type Shape } from "../../../../src/sandbox/wire/action.ts";
import { Account } from "../../../../src/sandbox/account/account.ts";
import { type HandClock, handClock } from "../hand_clock.ts";

const REGION = "eu-west-1";
/** The ids of the first instances. */
export const [A, B, C] = ["i-00000000000000001", "i-00000000000000002", "i-00000000000000003"] as const;

/** The sandbox's EC2 and its account. */
export interface Fixture extends AsyncDisposable {
  readonly clock: HandClock;
  readonly account: Account;
  readonly lifecycle: Lifecycle;
  readonly faults: Faults;
  /** The ids of the machines that are on. */
  readonly on: ReadonlySet<string>;
  /** The signals that the machines received, as `i-1 SIGSTOP`. */
  readonly signals: readonly string[];
  /** Calls an action and returns its output. */
  call(action: string, input?: Shape): Promise<Shape | void>;
  /** Returns the state of an instance. */
  state(id: string): string | undefined;
  /** Advances the clock, and waits until an instance has a state. */
  pass(ms: number, id: string, state: string): Promise<void>;
}

/** Starts EC2 with three stopped instances: A and C in zone a, B in zone b. Booting takes 2 s, shutting down 1 s. */
export function startEc2(): Fixture {
  const stack = new AsyncDisposableStack();
  const clock = handClock(1, Date.UTC(2026, 0, 1));
  const account = new Account(clock.now);
  const addresses = stack.use(new LoopbackAddresses());
  const faults = new Faults(1, clock);
  const on = new Set<string>();
  const signals: string[] = [];
  const lifecycle = stack.use(
    new Lifecycle({
      clock,
      account,
      addresses,
      boot: () => 2_000,
      shutdown: 1_000,
      bootCpu: () => faults.bootCpu,
      startFails: (id) => faults.failingStarts.has(id),
      machine: ({ id }) => {
        on.add(id);
        return {
          cpuSeconds: () => 0,
          signal: (signal) => void signals.push(`${id} ${signal}`),
          [Symbol.asyncDispose]: () => Promise.resolve(void on.delete(id)),
        };
      },
    }),
  );
  stack.use(new FailureInjector(clock, account, lifecycle, faults.failures));
  const { service, create } = makeEc2({ clock, account, lifecycle, addresses, faults, region: REGION });
  for (const [index, Name] of ["a", "b", "c"].entries()) {
    create({
      hasRun: true,
      zone: `${REGION}${index === 1 ? "b" : "a"}`,
      keyName: `key-${Name}`,
      tags: { Name, "kas:fleet": "kas" },
    });
  }
  return {
    clock,
    account,
    lifecycle,
    faults,
    on,
    signals,
    call: async (action: string, input: Shape = {}) => await service[action]?.(input),
    state: (id: string) => account.current.instances.get(id)?.state,
    pass: async (ms: number, id: string, state: string) => {
      clock.advance(ms);
      await account.waitUntil(() => account.current.instances.get(id)?.state === state);
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

/** Asserts that an action fails with a code and an HTTP status. Returns the message. */
export async function assertCode(
  aws: Fixture,
  code: string,
  action: string,
  input: Shape,
  status = 400,
): Promise<string> {
  const error = await assertRejects(() => aws.call(action, input), AwsError);
  assertEquals([error.code, error.status], [code, status]);
  return error.message;
}
