import { assert, assertEquals } from "@std/assert";
import { dollars } from "../../../../../src/admin/setup/cost/money.ts";
import { BASE_REGION, priceOf, PRICES } from "../../../../../src/admin/setup/cost/prices.ts";

Deno.test("each price of the table is an amount, and has a unit, a date, who recorded it, and a page of AWS", () => {
  for (const [name, { page, unit, regions }] of Object.entries(PRICES)) {
    assert(/^https:\/\/aws\.amazon\.com\/\w+\/pricing\//.test(page), name);
    assert(unit !== "" && BASE_REGION in regions, name);
    for (const { usd, recorded, date } of Object.values(regions)) {
      assert(dollars(usd) > 0n, name);
      assert(recorded !== "", name);
      assertEquals(new Date(date).toISOString().slice(0, 10), date, name);
    }
  }
});

Deno.test("priceOf() returns the region's own price, else that of the base region, which it names", () => {
  assertEquals(pick("volume gp3", "eu-central-1"), ["eu-central-1", "0.0952"]);
  assertEquals(pick("volume gp3", "sa-east-1"), [BASE_REGION, "0.08"]);
  assertEquals(pick("instance t4g.small", "ap-northeast-1"), ["ap-northeast-1", "0.0216"]);
});

Deno.test("priceOf() returns no price for what the table does not have, and none in China's currency", () => {
  assertEquals(priceOf("instance x1e.32xlarge", BASE_REGION), undefined);
  assertEquals(priceOf("volume gp9", BASE_REGION), undefined);
  assertEquals(priceOf("alarm", "cn-north-1"), undefined);
});

function pick(name: string, region: string): (string | undefined)[] {
  const price = priceOf(name, region);
  return [price?.region, price?.usd];
}
