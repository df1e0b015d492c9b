/**
 * The history of the alarms.
 *
 * @module
 */

/** The types of a metric alarm's history items. */
export const HISTORY_ITEM_TYPES = ["ConfigurationUpdate", "StateUpdate", "Action"] as const;
/** One of them. */
export type HistoryItemType = typeof HISTORY_ITEM_TYPES[number];

/** A history item. */
export interface HistoryItem {
  /** Increases with each item. */
  readonly number: number;
  /** ms since the epoch. */
  readonly at: number;
  readonly alarm: string;
  readonly type: HistoryItemType;
  readonly summary: string;
  /** The HistoryData, before it becomes JSON. */
  readonly data: unknown;
}

/** Greatest number of items. AWS keeps two weeks; this bounds memory. */
const MAX_ITEMS = 10_000;

/** The newest history items. */
export class AlarmHistory {
  readonly #items: HistoryItem[] = [];
  #number = 0;

  /** The items, oldest first. */
  get items(): readonly HistoryItem[] {
    return this.#items;
  }

  add(item: Omit<HistoryItem, "number">): void {
    this.#items.push({ ...item, number: ++this.#number });
    if (this.#items.length > MAX_ITEMS) this.#items.shift();
  }
}
