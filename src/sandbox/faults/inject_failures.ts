/**
 * Makes running instances fail.
 *
 * @module
 */
import { getLogger } from "@logtape/logtape";
import type { Account } from "../account/account.ts";
import type { Clock } from "../clock.ts";
import type { Lifecycle } from "../ec2/lifecycle.ts";
import type { MachineSignal } from "../machines/machine.ts";
import type { Failure, PendingFailures } from "./failures.ts";

/** How long before the retirement of an instance EC2 announces it, in ms of sandbox time. */
const NOTICE_MS = 14 * 86_400_000;

/** Makes each instance with pending failures fail as soon as it runs, until disposal. */
export class FailureInjector implements Disposable {
  readonly #clock: Clock;
  readonly #account: Account;
  readonly #lifecycle: Lifecycle;
  readonly #pending: PendingFailures;
  readonly #owned = new DisposableStack();

  constructor(clock: Clock, account: Account, lifecycle: Lifecycle, pending: PendingFailures) {
    this.#clock = clock;
    this.#account = account;
    this.#lifecycle = lifecycle;
    this.#pending = pending;
    pending.onAdd = () => this.#fail();
    this.#owned.use(account.watch(() => this.#fail()));
    this.#fail();
  }

  [Symbol.dispose](): void {
    this.#pending.onAdd = () => {};
    this.#owned.dispose();
  }

  #fail(): void {
    for (const id of this.#pending.ids()) {
      if (this.#account.current.instances.get(id)?.state !== "running") continue;
      for (const failure of this.#pending.take(id)) this.#failAs(id, failure);
    }
  }

  #failAs(id: string, failure: Failure): void {
    switch (failure.kind) {
      case "hangs":
        return this.#hang(id, failure.lasts);
      case "dies":
        return this.#signal(id, "SIGKILL");
      case "impaired":
        return this.#impair(id, failure.lasts);
      case "retires":
        return this.#retire(id, failure.after ?? NOTICE_MS);
      case "ends":
        return this.#lifecycle.end(id, failure.code);
    }
  }

  #hang(id: string, lasts: number | undefined): void {
    const machine = this.#lifecycle.machines().get(id);
    this.#signal(id, "SIGSTOP");
    this.#after(lasts, () => {
      if (this.#lifecycle.machines().get(id) === machine) this.#signal(id, "SIGCONT");
    });
  }

  #signal(id: string, signal: MachineSignal): void {
    try {
      this.#lifecycle.machines().get(id)?.signal(signal);
    } catch (error) {
      getLogger(["kas", "sandbox"]).warn("cannot send {signal}", { instance: id, signal, error });
    }
  }

  #impair(id: string, lasts: number | undefined): void {
    const impairedSince = this.#clock.now();
    this.#account.updateInstance(id, { impairedSince });
    this.#after(lasts, () => {
      if (this.#account.current.instances.get(id)?.impairedSince !== impairedSince) return;
      this.#account.updateInstance(id, { impairedSince: undefined });
    });
  }

  #retire(id: string, after: number): void {
    const retirement = { at: this.#clock.now() + after / this.#clock.speed, completed: false };
    this.#account.updateInstance(id, { retirement });
    this.#after(after, () => {
      const instance = this.#account.current.instances.get(id);
      // A stop and a start move an instance to another host, which completes the event.
      if (instance?.retirement !== retirement) return;
      this.#account.updateInstance(id, { retirement: { ...retirement, completed: true } });
      if (instance.state === "running") this.#lifecycle.end(id, "Server.ScheduledStop");
    });
  }

  #after(ms: number | undefined, callback: () => void): void {
    // A JavaScript timer fires at once if its time is too long.
    if (ms !== undefined && ms / this.#clock.speed < 2 ** 31) {
      this.#owned.use(this.#clock.after(ms, callback));
    }
  }
}
