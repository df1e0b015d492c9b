/**
 * What happened to the alarms: the newest items, as many as are worth keeping.
 *
 * @module
 */

/** The kinds of history items that a metric alarm has. */
export const HISTORY_ITEM_TYPES = ["ConfigurationUpdate", "StateUpdate", "Action"] as const;
/** One of them. */
export type HistoryItemType = typeof HISTORY_ITEM_TYPES[number];

/** An item. */
export interface HistoryItem {
  /** Rises with each. */
  readonly number: number;
  /** ms since the epoch. */
  readonly at: number;
  readonly alarm: string;
  readonly type: HistoryItemType;
  readonly summary: string;
  /** What the item is about, as JSON says it. */
  readonly data: unknown;
}

/** AWS keeps two weeks; this is a bound on memory. */
const MAX_ITEMS = 10_000;

/** The alarms' history. */
export class AlarmHistory {
  readonly #items: HistoryItem[] = [];
  #number = 0;

  /** Oldest first. */
  get items(): readonly HistoryItem[] {
    return this.#items;
  }

  /** Adds an item. */
  add(item: Omit<HistoryItem, "number">): void {
    this.#items.push({ ...item, number: ++this.#number });
    if (this.#items.length > MAX_ITEMS) this.#items.shift();
  }
}
