import { assertEquals, assertThrows } from "@std/assert";
import { BALANCER_OPTIONS, healthCheck, listen } from "../../../../src/admin/setup/balancer/options.ts";

Deno.test("--listen accepts the protocols of both types of load balancers, with a port", () => {
  assertEquals(listen("http:80"), { protocol: "HTTP", port: 80 });
  assertEquals(listen("https:443"), { protocol: "HTTPS", port: 443 });
  assertEquals(listen("tcp:5432"), { protocol: "TCP", port: 5432 });
  assertEquals(listen("tls:443"), { protocol: "TLS", port: 443 });
  for (const wrong of ["80", "http", "http:", "udp:53", "http:0", "http:65536", "HTTP:80", "http:80/"]) {
    assertThrows(() => listen(wrong), TypeError, "expected");
  }
});

Deno.test("--health-check accepts a path at the port of the service, and a check at another port", () => {
  assertEquals(healthCheck("/healthz?full=1"), {
    protocol: "HTTP",
    port: undefined,
    path: "/healthz?full=1",
  });
  assertEquals(healthCheck("http:9000/healthz"), { protocol: "HTTP", port: 9000, path: "/healthz" });
  assertEquals(healthCheck("https:9443/"), { protocol: "HTTPS", port: 9443, path: "/" });
  assertEquals(healthCheck("tcp:5432"), { protocol: "TCP", port: 5432, path: undefined });
  for (const wrong of ["healthz", "none", "tcp:5432/", "http:/", "/a b", "udp:53"]) {
    assertThrows(() => healthCheck(wrong), TypeError, "expected");
  }
});

Deno.test("--certificate accepts ARNs of ACM and IAM, and --subnets a list of ids", () => {
  const { certificate, subnets } = BALANCER_OPTIONS;
  const acm = "arn:aws-cn:acm:cn-north-1:123456789012:certificate/0123-ab";
  const iam = "arn:aws:iam::123456789012:server-certificate/web";
  assertEquals([acm, iam].map(certificate.parse), [acm, iam]);
  assertThrows(() => certificate.parse("web"), TypeError, "expected");
  assertEquals(subnets.parse("subnet-0a, subnet-0b,subnet-0a"), ["subnet-0a", "subnet-0b"]);
  for (const wrong of ["", "subnet-0a,", "vpc-1"]) {
    assertThrows(() => subnets.parse(wrong), TypeError, "expected");
  }
});
