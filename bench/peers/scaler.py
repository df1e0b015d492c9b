"""The predecessor's autoscaler: looks at every instance and acts, one call after another, before it answers the request."""
import json
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer

import boto3

port, fleet, balancer, endpoint = sys.argv[1:]
ec2 = boto3.client("ec2", endpoint_url=endpoint)
elb = boto3.client("elb", endpoint_url=endpoint)


def instances(state):
    pages = ec2.get_paginator("describe_instances").paginate()
    every = [i for page in pages for r in page["Reservations"] for i in r["Instances"]]
    return [
        (i["InstanceId"], {t["Key"]: t["Value"] for t in i.get("Tags", [])})
        for i in every
        if i["State"]["Name"] == state
    ]


def scale_up():
    for instance, tags in instances("stopped"):
        if tags.get("kas:fleet") == fleet:
            ec2.start_instances(InstanceIds=[instance])
            elb.register_instances_with_load_balancer(
                LoadBalancerName=balancer, Instances=[{"InstanceId": instance}]
            )
            return


def scale_down(named):
    running = [
        instance
        for instance, tags in instances("running")
        if tags.get("kas:fleet") == fleet and tags.get("kas:role") == "node"
    ]
    for instance in sorted(running, key=lambda instance: instance != named)[:1]:
        elb.deregister_instances_from_load_balancer(
            LoadBalancerName=balancer, Instances=[{"InstanceId": instance}]
        )
        ec2.stop_instances(InstanceIds=[instance])


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.answer(200, "pong")

    def do_POST(self):
        try:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            alarm = json.loads(body["Message"])
            _, kind, dimension = alarm["AlarmName"].split(":")
            asked = (kind, alarm["NewStateValue"])
            if asked in (("cpuhigh", "ALARM"), ("reqcount", "ALARM")):
                scale_up()
            elif asked in (("cpulow", "OK"), ("reqcount", "OK")):
                scale_down(dimension)
            self.answer(200, "accepted")
        except Exception as error:
            self.answer(400, str(error))

    def answer(self, status, text):
        self.send_response(status)
        self.send_header("Content-Type", "text/plain")
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_):
        pass


HTTPServer(("127.0.0.1", int(port)), Handler).serve_forever()
