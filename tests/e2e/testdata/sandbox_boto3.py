"""What a boto3 program does with the sandbox; prints one line of JSON a step."""

import json
import sys

import boto3
from botocore.exceptions import ClientError

FLEET = [{"Name": "tag:kas:fleet", "Values": ["k*"]}]
BASE, NODE = "i-00000000000000001", "i-00000000000000002"

ec2 = boto3.client("ec2")
elb = boto3.client("elb")
cloudwatch = boto3.client("cloudwatch")
sns = boto3.client("sns")


def step(value):
    print(json.dumps(value))


def code(call, **arguments):
    try:
        call(**arguments)
    except ClientError as error:
        return [error.response["Error"]["Code"], error.response["ResponseMetadata"]["HTTPStatusCode"]]
    return None


def waited(name, client, **arguments):
    waiter = client.get_waiter(name)
    waiter.config.delay = 0.02
    waiter.wait(**arguments)


pages = ec2.get_paginator("describe_instances").paginate(Filters=FLEET, PaginationConfig={"PageSize": 5})
instances = [instance for page in pages for group in page["Reservations"] for instance in group["Instances"]]
step([[instance["InstanceId"], instance["State"]["Name"]] for instance in instances])
step(ec2.start_instances(InstanceIds=[NODE])["StartingInstances"])
waited("instance_running", ec2, InstanceIds=[NODE])

waited("instance_status_ok", ec2, InstanceIds=[BASE, NODE])
statuses = ec2.get_paginator("describe_instance_status").paginate(PaginationConfig={"PageSize": 5})
step([[s["InstanceId"], s["SystemStatus"]["Status"], s["Events"]] for p in statuses for s in p["InstanceStatuses"]])

kas = {"LoadBalancerName": "kas", "Instances": [{"InstanceId": NODE}]}
step(elb.register_instances_with_load_balancer(**kas)["Instances"])
waited("instance_in_service", elb, **kas)
step(elb.describe_load_balancers()["LoadBalancerDescriptions"][0]["HealthCheck"]["Target"])
step(elb.deregister_instances_from_load_balancer(**kas)["Instances"])
waited("instance_deregistered", elb, **kas)
step(ec2.stop_instances(InstanceIds=[NODE])["StoppingInstances"])
waited("instance_stopped", ec2, InstanceIds=[NODE])

topic = sns.create_topic(Name="other", Attributes={"SignatureVersion": "2"})["TopicArn"]
step(sns.get_topic_attributes(TopicArn=topic)["Attributes"]["SignatureVersion"])
step(sns.subscribe(TopicArn=topic, Protocol="http", Endpoint="http://127.0.0.1:9/")["SubscriptionArn"])
cloudwatch.put_metric_alarm(
    AlarmName="kas:cpuhigh:" + BASE, Namespace="AWS/EC2", MetricName="CPUUtilization", Statistic="Average",
    Dimensions=[{"Name": "InstanceId", "Value": BASE}], Period=86400, EvaluationPeriods=1, Threshold=80.5,
    ComparisonOperator="GreaterThanOrEqualToThreshold", AlarmActions=[topic],
)
cloudwatch.set_alarm_state(AlarmName="kas:cpuhigh:" + BASE, StateValue="ALARM", StateReason="test")
alarms = cloudwatch.describe_alarms(AlarmNamePrefix="kas:")["MetricAlarms"]
step([[alarm["AlarmName"], alarm["Threshold"], alarm["AlarmActions"]] for alarm in alarms])
step(alarms[0]["StateUpdatedTimestamp"].year > 2000)

step([
    code(ec2.start_instances, InstanceIds=["i-0badc0de"]),
    code(ec2.start_instances, InstanceIds=["x"]),
    code(elb.describe_instance_health, LoadBalancerName="none"),
    code(elb.deregister_instances_from_load_balancer, LoadBalancerName="kas", Instances=[{"InstanceId": "i-0badc0de"}]),
    code(cloudwatch.set_alarm_state, AlarmName="none", StateValue="OK", StateReason="test"),
    code(sns.publish, TopicArn=topic.replace("other", "none"), Message="m"),
    code(sns.publish, TopicArn="arn:aws:sns:eu-west-1:999999999999:kas", Message="m"),
])
sys.stdout.flush()
