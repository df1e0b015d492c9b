import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { AwsError, type Shape } from "../../../../src/sandbox/wire/action.ts";
import { type AwsRequest, readRequest } from "../../../../src/sandbox/wire/request.ts";
import { errorResponse, successResponse } from "../../../../src/sandbox/wire/response.ts";
import { missingSignature } from "../../../../src/sandbox/wire/access_errors.ts";

function authorization(service: string): string {
  return `AWS4-HMAC-SHA256 Credential=AKID/20260101/eu-west-1/${service}/aws4_request, SignedHeaders=host, Signature=00`;
}

/** Returns a query request, signed as by the SDKs. */
function query(
  service: string,
  form: string,
  headers: HeadersInit = { authorization: authorization(service) },
): Request {
  return new Request("http://127.0.0.1/", { method: "POST", body: new URLSearchParams(form), headers });
}

function json(target: string, body: string): Request {
  return new Request("http://127.0.0.1/", {
    method: "POST",
    body,
    headers: {
      authorization: authorization("monitoring"),
      "x-amz-target": target,
      "content-type": "application/x-amz-json-1.0",
    },
  });
}

const EC2: AwsRequest = {
  protocol: "ec2Query",
  service: "ec2",
  action: "DescribeInstances",
  input: {},
  signed: true,
  requestId: "r-1",
};
const ELB: AwsRequest = {
  ...EC2,
  protocol: "awsQuery",
  service: "elasticloadbalancing",
  action: "DescribeTags",
};
const CLOUDWATCH: AwsRequest = {
  ...EC2,
  protocol: "awsJson",
  service: "monitoring",
  action: "DescribeAlarms",
};

Deno.test("readRequest() parses ec2Query: flattened lists get the plural names of the API", async () => {
  const cases: readonly [form: string, input: Shape][] = [
    ["InstanceId.1=i-1&InstanceId.2=i-2&DryRun=true", { InstanceIds: ["i-1", "i-2"], DryRun: "true" }],
    ["InstanceId.2=b&InstanceId.10=c&InstanceId.1=a", { InstanceIds: ["a", "b", "c"] }],
    [
      "Filter.1.Name=tag:kas:fleet&Filter.1.Value.1=kas&Filter.1.Value.2=web",
      { Filters: [{ Name: "tag:kas:fleet", Values: ["kas", "web"] }] },
    ],
    ["ResourceId.1=i-1&Tag.1.Key=k&Tag.1.Value=", { Resources: ["i-1"], Tags: [{ Key: "k", Value: "" }] }],
    [
      "TagSpecification.1.ResourceType=instance&TagSpecification.1.Tag.1.Key=k&TagSpecification.1.Tag.1.Value=v&Placement.AvailabilityZone=z",
      {
        TagSpecifications: [{ ResourceType: "instance", Tags: [{ Key: "k", Value: "v" }] }],
        Placement: { AvailabilityZone: "z" },
      },
    ],
  ];
  for (const [form, input] of cases) {
    const received = await readRequest(query("ec2", `Action=X&Version=2016-11-15&${form}`));
    assertEquals([received.protocol, received.service, received.action], ["ec2Query", "ec2", "X"]);
    assertEquals(received.input, input);
  }
});

Deno.test("readRequest() parses awsQuery: members, entries, and the empty lists of the SDK for JavaScript", async () => {
  const cases: readonly [form: string, input: Shape][] = [
    [
      "LoadBalancerName=kas&Instances.member.1.InstanceId=i-1&Instances.member.2.InstanceId=i-2",
      { LoadBalancerName: "kas", Instances: [{ InstanceId: "i-1" }, { InstanceId: "i-2" }] },
    ],
    ["LoadBalancerName=kas&Instances=", { LoadBalancerName: "kas", Instances: [] }],
    ["Subject=&Message=m", { Subject: "", Message: "m" }],
    ["HealthCheck.Target=HTTP:30000/ping", { HealthCheck: { Target: "HTTP:30000/ping" } }],
    [
      "Attributes.entry.1.key=SignatureVersion&Attributes.entry.1.value=2&Attributes.entry.2.key=a&Attributes.entry.2.value=b",
      { Attributes: { SignatureVersion: "2", a: "b" } },
    ],
    [
      "AlarmNames.member.1=a&Dimensions.member.1.Name=InstanceId&Dimensions.member.1.Value=i-1",
      { AlarmNames: ["a"], Dimensions: [{ Name: "InstanceId", Value: "i-1" }] },
    ],
  ];
  for (const [form, input] of cases) {
    assertEquals((await readRequest(query("sns", `Action=X&${form}`))).input, input);
  }
});

Deno.test("readRequest() parses the protocol awsJson", async () => {
  const received = await readRequest(
    json("GraniteServiceVersion20100801.DescribeAlarms", '{"AlarmNames":["a"],"MaxRecords":5}'),
  );
  assertEquals([received.protocol, received.service, received.action], [
    "awsJson",
    "monitoring",
    "DescribeAlarms",
  ]);
  assertEquals(received.input, { AlarmNames: ["a"], MaxRecords: 5 });
  assertEquals((await readRequest(json("X.Y", "{"))).error?.code, "SerializationException");
});

Deno.test("readRequest() finds the service from the scope of the signature, or from the API version", async () => {
  const cases: readonly [request: Request, service: string, signed: boolean][] = [
    [query("elasticloadbalancing", "Action=X&Version=2012-06-01"), "elasticloadbalancing", true],
    [query("elasticloadbalancing", "Action=X&Version=2015-12-01"), "elasticloadbalancing-v2", true],
    [query("monitoring", "Action=X&Version=2010-08-01"), "monitoring", true],
    [query("ec2", "Action=X&Version=2014-10-01"), "ec2", true],
    [query("", "Action=X&Version=2016-11-15", {}), "ec2", false],
    [query("", "Action=X&Version=2010-08-01", {}), "monitoring", false],
    [query("", "Action=X&Version=2015-12-01", {}), "elasticloadbalancing-v2", false],
    [new Request("http://127.0.0.1/?Action=ConfirmSubscription&TopicArn=t&Token=1"), "sns", false],
    [query("s3", "Action=X&Version=2010-03-31"), "sns", false],
  ];
  for (const [request, service, signed] of cases) {
    const received = await readRequest(request);
    assertEquals([received.service, received.signed, received.action !== ""], [service, signed, true]);
  }
});

Deno.test("readRequest() rejects CBOR and a request without an action", async () => {
  const cases: readonly [request: Request, code: string | undefined][] = [
    [query("ec2", "Version=2016-11-15"), "MissingAction"],
    [query("monitoring", "", { "content-type": "application/cbor" }), "UnsupportedProtocol"],
    [query("ec2", "Action=DescribeInstances&Version=2016-11-15"), undefined],
  ];
  for (const [request, code] of cases) assertEquals((await readRequest(request)).error?.code, code);
});

Deno.test("successResponse() writes ec2Query: EC2's own element names, items, times, escapes", async () => {
  const response = successResponse(EC2, {
    Reservations: [{
      Instances: [{
        InstanceId: "i-1",
        State: { Code: 16, Name: "running" },
        Monitoring: { State: "disabled" },
        StateTransitionReason: "",
        PublicIpAddress: undefined,
        LaunchTime: new Date(0),
        Tags: [{ Key: "a<b", Value: "\"&'\r\u0001" }],
      }],
    }],
    NextToken: undefined,
  });
  assertEquals(response.headers.get("content-type"), "text/xml;charset=UTF-8");
  assertEquals(
    await response.text(),
    '<?xml version="1.0" encoding="UTF-8"?>\n' +
      '<DescribeInstancesResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>r-1</requestId>' +
      "<reservationSet><item><instancesSet><item><instanceId>i-1</instanceId>" +
      "<instanceState><code>16</code><name>running</name></instanceState><monitoring><state>disabled</state></monitoring>" +
      "<reason/><launchTime>1970-01-01T00:00:00.000Z</launchTime>" +
      "<tagSet><item><key>a&#60;b</key><value>&#34;&#38;'&#13;\ufffd</value></item></tagSet>" +
      "</item></instancesSet></item></reservationSet></DescribeInstancesResponse>",
  );
});

Deno.test("successResponse() writes an empty output in each protocol", async () => {
  assertStringIncludes(
    await successResponse({ ...EC2, action: "CreateTags" }, undefined).text(),
    "<return>true</return>",
  );
  const elb = await successResponse({ ...ELB, action: "DeleteAlarms" }, undefined).text();
  assertEquals(elb.includes("Result"), false);
  assertStringIncludes(elb, "<ResponseMetadata><RequestId>r-1</RequestId></ResponseMetadata>");
  assertEquals(await successResponse(CLOUDWATCH, undefined).json(), {});
});

Deno.test("successResponse() writes awsQuery: a result with members, and maps as entries", async () => {
  assertStringIncludes(
    await successResponse(ELB, {
      TagDescriptions: [{ LoadBalancerName: "kas", Tags: [] }],
      Attributes: { a: "1", b: "2" },
    }).text(),
    "<DescribeTagsResult><TagDescriptions><member><LoadBalancerName>kas</LoadBalancerName><Tags/></member></TagDescriptions>" +
      "<Attributes><entry><key>a</key><value>1</value></entry><entry><key>b</key><value>2</value></entry></Attributes>" +
      "</DescribeTagsResult>",
  );
});

Deno.test("successResponse() writes awsJson: times in seconds since the epoch", async () => {
  const response = successResponse(CLOUDWATCH, {
    MetricAlarms: [{ StateUpdatedTimestamp: new Date(1_500), Threshold: 80 }],
  });
  assertEquals(response.headers.get("content-type"), "application/x-amz-json-1.0");
  assertEquals(await response.json(), { MetricAlarms: [{ StateUpdatedTimestamp: 1.5, Threshold: 80 }] });
});

Deno.test("errorResponse() writes an error in the format of each protocol", async () => {
  const error = new AwsError("LimitExceeded", "too <many>", 400);
  const ec2 = errorResponse(EC2, new AwsError("RequestLimitExceeded", "slow", 503));
  assertEquals(ec2.status, 503);
  assertMatch(
    await ec2.text(),
    /<Response><Errors><Error><Code>RequestLimitExceeded<\/Code><Message>slow<\/Message><\/Error><\/Errors><RequestID>r-1<\/RequestID><\/Response>$/,
  );
  assertStringIncludes(
    await errorResponse(ELB, error).text(),
    "<Error><Type>Sender</Type><Code>LimitExceeded</Code><Message>too &#60;many&#62;</Message></Error><RequestId>r-1</RequestId></ErrorResponse>",
  );
  const cloudWatch = errorResponse(CLOUDWATCH, error);
  assertEquals(cloudWatch.headers.get("x-amzn-query-error"), "LimitExceeded;Sender");
  assertEquals(await cloudWatch.json(), {
    __type: "com.amazonaws.cloudwatch#LimitExceededFault",
    message: "too <many>",
  });
});

Deno.test("missingSignature() returns AuthFailure for EC2 and MissingAuthenticationToken for other services", () => {
  assertEquals([missingSignature("ec2").code, missingSignature("ec2").status], ["AuthFailure", 401]);
  assertEquals([missingSignature("sns").code, missingSignature("sns").status], [
    "MissingAuthenticationToken",
    403,
  ]);
});
