import { assertEquals } from "@std/assert";
import { Journal } from "../../../../../src/autoscaler/store/journal.ts";
import { Store } from "../../../../../src/autoscaler/store/store.ts";
import { HOUR, MINUTE, NOW } from "../../../scaling/fixtures.ts";

const OVERRIDE = { capacity: 4, since: NOW, until: NOW + HOUR, once: false };

Deno.test("an operator's capacity is in force until its time (R22)", () => {
  using store = Store.memory();
  const { overrides } = new Journal(store);
  assertEquals(overrides.inForce(NOW), undefined);
  overrides.set(OVERRIDE);
  assertEquals([NOW, NOW + HOUR - 1].map((now) => overrides.inForce(now)), [OVERRIDE, OVERRIDE]);
  assertEquals(overrides.inForce(NOW + HOUR), undefined);
});

Deno.test("an operator's capacity replaces an earlier one, and end() ends it (R22)", () => {
  using store = Store.memory();
  const { overrides } = new Journal(store);
  overrides.set(OVERRIDE);
  const next = { capacity: 2, since: NOW + MINUTE, until: NOW + 2 * MINUTE, once: true };
  overrides.set(next);
  assertEquals(overrides.inForce(NOW + MINUTE), next);
  assertEquals(store.db.prepare("SELECT count(*) AS rows FROM override").get()?.rows, 1);
  overrides.end();
  assertEquals(overrides.inForce(NOW + MINUTE), undefined);
});

Deno.test("an operator's capacity continues after a restart (R22)", () => {
  using store = Store.memory();
  new Journal(store).overrides.set(OVERRIDE);
  assertEquals(new Journal(store).overrides.inForce(NOW), OVERRIDE);
});

Deno.test("a damaged capacity of an operator counts as none, and is reported (R22)", () => {
  using store = Store.memory();
  const damages: string[] = [];
  store.db.onDamage = (row) => damages.push(row);
  const { overrides } = new Journal(store);
  overrides.set(OVERRIDE);
  store.db.exec("UPDATE override SET until = 9007199254740993");
  assertEquals([overrides.inForce(NOW), damages], [undefined, ["override"]]);
});
