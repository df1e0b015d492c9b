import { assertEquals } from "@std/assert";
import { hostsOf, isAddress, targetOf } from "../../../../src/process/http/target.ts";

/** Returns a request as Deno builds it. Its URL is `http://`, followed by the Host header and the target in the request line. */
function request(host: string, target: string): Request {
  const found = { url: `http://${host}${target}`, headers: new Headers({ host }) };
  return found as Pick<Request, "url" | "headers"> as Request;
}

const TARGETS: readonly [host: string, target: string, path: string | undefined, query?: string][] = [
  ["kas", "/ping", "/ping", ""],
  ["kas:30001", "/work?n=1", "/work", "n=1"],
  ["kas_worker", "/ping?from=/work", "/ping", "from=/work"],
  ["127.0.0.1:1", "/ping?a?b", "/ping", "a?b"],
  ["[::1]:1", "/", "/", ""],
  ["kas", "/a/../status", "/a/../status", ""],
  ["kas", "//status", "//status", ""],
  ["kas", "/%73tatus", "/%73tatus", ""],
  ["kas", "/\\status", "/\\status", ""],
  // A Host header with a path or a query must not change the path of the request.
  ["x/status?", "/", undefined],
  ["x/status?", "/ping", undefined],
  ["x/status", "/ping", undefined],
  ["x/work#", "/", undefined],
  ["x?", "/status", undefined],
  ["x#", "/status", undefined],
  ["x/", "/status", undefined],
  ["u@x", "/status", undefined],
  ["a, b", "/status", undefined],
  ["\\x", "/status", undefined],
  ["[x", "/status", undefined],
  ["kas:123456", "/status", undefined],
  ["kas", "/status#f", undefined],
  // A CONNECT request has no path.
  ["kas:80", "", undefined],
];

for (const [host, target, path, query] of TARGETS) {
  Deno.test(`targetOf(Host: ${host}, target ${target}) is ${path ?? "not valid"}`, () => {
    const expected = path === undefined ? undefined : { path, query: query ?? "" };
    assertEquals(targetOf(request(host, target)), expected);
  });
}

Deno.test("hostsOf() returns the host of the URL and the host of the Host header", () => {
  assertEquals(hostsOf(request("KAS.example:80", "/")), ["kas.example", "kas.example"]);
  assertEquals(hostsOf(new Request("http://a.example/b/c", { headers: { host: "[::1]:5" } })), [
    "a.example",
    "[::1]",
  ]);
  assertEquals(hostsOf(new Request("http://127.0.0.1:5/")), ["127.0.0.1"]);
});

Deno.test("isAddress() returns true for hosts that DNS cannot redirect", () => {
  for (const host of ["127.0.0.1", "10.0.0.1", "[::1]", "localhost"]) {
    assertEquals([host, isAddress(host)], [host, true]);
  }
  for (const host of ["127.0.0.1.example", "1.2.3", "localhost.example", "example"]) {
    assertEquals([host, isAddress(host)], [host, false]);
  }
});
