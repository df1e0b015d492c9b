/**
 * The alarm history, which DescribeAlarmHistory returns.
 *
 * @module
 */

/** Types of history items of a metric alarm. */
export const HISTORY_ITEM_TYPES = ["ConfigurationUpdate", "StateUpdate", "Action"] as const;
/** Type of a history item. */
export type HistoryItemType = typeof HISTORY_ITEM_TYPES[number];

/** An item of the alarm history. */
export interface HistoryItem {
  /** Sequence number of the item. Newer items have higher numbers. */
  readonly number: number;
  /** Time of the item in ms since the epoch. */
  readonly at: number;
  readonly alarm: string;
  readonly type: HistoryItemType;
  readonly summary: string;
  /** HistoryData of the item, before its conversion to JSON text. */
  readonly data: unknown;
}

/** Maximum number of history items, to bound memory. AWS keeps the items of the last two weeks. */
const MAX_ITEMS = 10_000;

/** The newest items of the alarm history. */
export class AlarmHistory {
  readonly #items: HistoryItem[] = [];
  #number = 0;

  /** The history items, oldest first. */
  get items(): readonly HistoryItem[] {
    return this.#items;
  }

  add(item: Omit<HistoryItem, "number">): void {
    this.#items.push({ ...item, number: ++this.#number });
    if (this.#items.length > MAX_ITEMS) this.#items.shift();
  }
}
