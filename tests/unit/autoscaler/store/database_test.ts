import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { Database } from "../../../../src/autoscaler/store/sqlite/database.ts";

Deno.test("Database.prepare() returns a cached statement, which also works after an error and after a change of its table", () => {
  using db = new Database(":memory:");
  db.exec("CREATE TABLE a (x UNIQUE)");
  const insert = "INSERT INTO a VALUES (?)";
  db.prepare(insert).run(1);
  assertThrows(() => db.prepare(insert).run(1), Error, "UNIQUE");
  db.prepare(insert).run(2);
  assertStrictEquals(db.prepare(insert), db.prepare(insert));

  const all = "SELECT * FROM a ORDER BY x";
  assertEquals(db.prepare(all).all().length, 2);
  db.exec("ALTER TABLE a ADD y");
  assertEquals({ ...db.prepare(all).get() }, { x: 1, y: null });
});
