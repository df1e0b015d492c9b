/**
 * The messages of a history: CloudWatch's messages through SNS, and messages that SNS would never send, or only by
 * mistake.
 *
 * @module
 */
import { alarmName } from "../../../src/scaling/model/alarm.ts";
import type { HttpPost } from "../../../src/sandbox/sns/message.ts";
import type { FleetLab } from "../../support/lab/fleet_lab.ts";
import { instancesOf, nameOf } from "../../support/lab/fleet_plan.ts";
import { alarmMessage } from "../../support/lab/notice.ts";
import type { Fate, Referee } from "../../support/lab/referee.ts";
import type { Event } from "./events.ts";

type MessageEvent = Event & { readonly what: "message" };

/** Sends messages for a fleet to a lab's autoscaler. */
export class Messages {
  /** What the autoscaler must do with each message, by the message's id. */
  readonly fates = new Map<string, Fate>();
  readonly #lab: FleetLab;
  readonly #referee: Referee;
  #latest: HttpPost | undefined;
  #count = 0;

  /** Those who send the messages of the fleet that receives what names no fleet of the topic. */
  readonly #first: Messages;

  constructor(lab: FleetLab, referee: Referee, first?: Messages) {
    this.#lab = lab;
    this.#referee = referee;
    this.#first = first ?? this;
  }

  /** Sets the state of an alarm. CloudWatch notifies the topic of the change. */
  async change(event: Event & { readonly what: "alarm" }): Promise<void> {
    await this.#lab.cloud.elsewhere("cloudWatch", "SetAlarmState", {
      AlarmName: this.#alarm(event),
      StateValue: event.state,
      StateReason: "a history",
    });
  }

  /** Delivers a message without SNS. */
  async send(event: MessageEvent): Promise<void> {
    const lab = this.#lab;
    const { kind, state, at } = event;
    const name = this.#alarm(event);
    const now = lab.time.now();
    const fleet = nameOf(lab.plan);
    switch (kind) {
      case "valid":
        return await this.#take(alarmMessage(name, state, now), "one");
      case "duplicate":
        if (this.#latest !== undefined) await lab.deliver(this.#latest);
        return;
      case "stale": {
        const newest = lab.alive ? lab.kas.journal.newestChange(name) : undefined;
        if (newest === undefined) return;
        return await this.#take(alarmMessage(name, state, newest.at - 1_000), "nothing");
      }
      case "foreign":
        return await this.#take(
          alarmMessage(name.replace(fleet, "other"), state, now),
          "nothing",
          this.#first,
        );
      case "unknown-alarm":
        return await this.#take(alarmMessage(`${fleet}:disk:${at}`, state, now), "nothing", this.#first);
      case "unknown-instance":
        return await this.#take(alarmMessage(`${fleet}:cpuhigh:i-0badc0de`, state, now), "nothing");
      case "no-alarm":
        return await this.#take("hello", "nothing", this.#first);
      case "malformed":
        return await this.#refuse(alarmMessage(name, state, now), (body) => body.slice(0, -20));
      case "forged":
        // The signature is for another state.
        return await this.#refuse(
          alarmMessage(name, "INSUFFICIENT_DATA", now),
          (body) => body.replace('NewStateValue\\":\\"INSUFFICIENT_DATA', 'NewStateValue\\":\\"ALARM'),
        );
      case "other-topic":
        return await this.#refuse(
          alarmMessage(name, state, now),
          (body) => body.replace(/("TopicArn": "[^"]*):[^":]*"/, '$1:theirs"'),
        );
      default:
        return kind satisfies never;
    }
  }

  /** Sends a message that the autoscaler must accept. */
  async #take(text: string, fate: "one" | "nothing", receiver: Messages = this): Promise<void> {
    const id = this.#nextId();
    const post = this.#latest = this.#lab.message(text, id);
    const status = await this.#lab.deliver(post);
    // kas makes no decision on a message that did not arrive, or that looks too old or in the future because of a wrong
    // clock. There are two exceptions: kas stored the message before a crash, or SNS delivers it again when the clock
    // is right.
    receiver.fates.set(id, status === 200 ? fate : "at-most-one");
  }

  /** Sends a message that the autoscaler must refuse: `change` alters it after it was signed. */
  async #refuse(text: string, change: (body: string) => string): Promise<void> {
    const id = this.#nextId();
    const { headers, body } = this.#lab.message(text, id);
    const status = await this.#lab.deliver({ headers, body: change(body) });
    if (status !== 0 && (status < 400 || status >= 500)) {
      this.#referee.violations.add(`I7: a message that must be refused was answered ${status}`);
    }
    this.fates.set(id, "refused");
  }

  #nextId(): string {
    return `message-${nameOf(this.#lab.plan)}-${++this.#count}`;
  }

  #alarm({ alarm, at }: Pick<MessageEvent, "alarm" | "at">): string {
    const own = instancesOf(this.#lab.plan).filter(({ kind }) => kind !== "foreign").length;
    const fleet = nameOf(this.#lab.plan);
    const dimension = alarm === "reqcount" ? fleet : this.#lab.id(at % own);
    return alarmName({ fleet, kind: alarm, dimension });
  }
}
