/**
 * Exact amounts of money. A number of JavaScript cannot represent most decimal fractions, so kas computes with whole billionths of a
 * US dollar and rounds only what it prints.
 *
 * @module
 */

/** An amount of money, in billionths of a US dollar. */
export type Money = bigint;

const DECIMALS = 9;

/** Billionths of a dollar in a cent. */
const CENT = 10_000_000n;

/**
 * Converts a decimal text such as `0.00001`, in US dollars.
 *
 * @throws {RangeError} if the text is not a decimal number of at most nine decimals
 */
export function dollars(text: string): Money {
  const [, whole = "", fraction = ""] = /^(\d+)(?:\.(\d{1,9}))?$/.exec(text) ?? [];
  if (whole === "") throw new RangeError(`${text} is not an amount in dollars`);
  return BigInt(whole + fraction.padEnd(DECIMALS, "0"));
}

/**
 * Returns the price of a whole number of units.
 *
 * @throws {RangeError} if the quantity is not a whole number from 0
 */
export function times(price: Money, quantity: number): Money {
  if (!Number.isSafeInteger(quantity) || quantity < 0) throw new RangeError(`${quantity} is not a quantity`);
  return price * BigInt(quantity);
}

/** Formats an amount in dollars and cents, such as `12.35`. Rounds half a cent up. */
export function cents(amount: Money): string {
  const rounded = (amount + CENT / 2n) / CENT;
  return `${rounded / 100n}.${String(rounded % 100n).padStart(2, "0")}`;
}
