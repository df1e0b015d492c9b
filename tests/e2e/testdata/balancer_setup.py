"""
Creates and deletes what an Application and a Network Load Balancer need, with boto3. Prints one JSON value per line, without ids and
addresses, so that the answers of two endpoints can be compared.
"""
import json
import os

import boto3
import botocore.exceptions

options = {"endpoint_url": os.environ["AWS_ENDPOINT_URL"], "region_name": os.environ["AWS_REGION"]}
ec2 = boto3.client("ec2", **options)
elb = boto3.client("elbv2", **options)


def step(*values):
    print(json.dumps(values))


def code(call, **arguments):
    try:
        call(**arguments)
    except botocore.exceptions.ClientError as error:
        return error.response["Error"]["Code"]
    return "no error"


TAGS = [{"Key": "kas:created-by", "Value": "setup"}]

vpcs = ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"]
vpc = vpcs[0]["VpcId"]
step(len(vpcs), vpcs[0]["State"], vpcs[0]["CidrBlock"])
in_vpc = {"Name": "vpc-id", "Values": [vpc]}
default = {"Name": "default-for-az", "Values": ["true"]}
subnets = ec2.describe_subnets(Filters=[in_vpc, default])["Subnets"]
subnets = sorted(subnets, key=lambda subnet: subnet["AvailabilityZone"])[:2]
step([[s["AvailabilityZone"], s["State"], s["DefaultForAz"], s["MapPublicIpOnLaunch"]] for s in subnets])
subnet_ids = [subnet["SubnetId"] for subnet in subnets]

group = {"GroupName": "web", "Description": "load balancer", "VpcId": vpc}
specification = [{"ResourceType": "security-group", "Tags": TAGS}]
group_id = ec2.create_security_group(**group, TagSpecifications=specification)["GroupId"]
step(code(ec2.create_security_group, **group))
rule = {"IpProtocol": "tcp", "FromPort": 8080, "ToPort": 8080}
clients = {"GroupId": group_id, "IpPermissions": [{**rule, "IpRanges": [{"CidrIp": "0.0.0.0/0", "Description": "clients"}]}]}
members = {"GroupId": group_id, "IpPermissions": [{**rule, "UserIdGroupPairs": [{"GroupId": group_id}]}]}
step(ec2.authorize_security_group_ingress(**clients)["Return"], ec2.authorize_security_group_ingress(**members)["Return"])
step(code(ec2.authorize_security_group_ingress, **clients))
ec2.create_tags(Resources=[group_id], Tags=[{"Key": "kas:fleet", "Value": "web"}])
tagged = {"Name": "tag:kas:created-by", "Values": ["setup"]}
for found in ec2.describe_security_groups(Filters=[tagged])["SecurityGroups"]:
    step(found["GroupName"], found["Description"], sorted(tag["Key"] for tag in found["Tags"]))
    for permission in found["IpPermissions"]:
        pairs = len(permission["UserIdGroupPairs"])
        step(permission["IpProtocol"], permission["FromPort"], permission["ToPort"], permission["IpRanges"], pairs)

CHECK = ["Protocol", "Port", "HealthCheckProtocol", "HealthCheckPort", "HealthCheckIntervalSeconds", "HealthCheckTimeoutSeconds"]
CHECK += ["HealthyThresholdCount", "UnhealthyThresholdCount", "HealthCheckPath", "Matcher", "TargetType"]


def target_group(name, **settings):
    created = elb.create_target_group(Name=name, VpcId=vpc, Tags=TAGS, **settings)["TargetGroups"][0]
    step([created.get(field) for field in CHECK])
    return created["TargetGroupArn"]


def balancer(name, **settings):
    created = elb.create_load_balancer(Name=name, Subnets=subnet_ids, Tags=TAGS, **settings)["LoadBalancers"][0]
    zones = sorted(zone["ZoneName"] for zone in created["AvailabilityZones"])
    step(created["Type"], created["Scheme"], created["State"]["Code"], zones, created["VpcId"] == vpc)
    return created["LoadBalancerArn"]


http = target_group("http", Protocol="HTTP", Port=8080, HealthCheckPath="/healthz", HealthCheckIntervalSeconds=10)
tcp = target_group("tcp", Protocol="TCP", Port=5432)
step(code(elb.create_target_group, Name="http", Protocol="HTTP", Port=81, VpcId=vpc))
application = balancer("app", SecurityGroups=[group_id], Scheme="internet-facing")
network = balancer("net", Type="network", Scheme="internal")


def listener(load_balancer, target, **settings):
    action = [{"Type": "forward", "TargetGroupArn": target}]
    created = elb.create_listener(LoadBalancerArn=load_balancer, DefaultActions=action, **settings)["Listeners"][0]
    step(created["Protocol"], created["Port"], [action["Type"] for action in created["DefaultActions"]])


listener(application, http, Protocol="HTTP", Port=8080)
listener(network, tcp, Protocol="TCP", Port=5432)
action = [{"Type": "forward", "TargetGroupArn": tcp}]
step(code(elb.create_listener, LoadBalancerArn=application, Protocol="TCP", Port=1, DefaultActions=action))
step(sorted(group["TargetGroupName"] for group in elb.describe_target_groups(LoadBalancerArn=application)["TargetGroups"]))
step([d["Tags"] for d in elb.describe_tags(ResourceArns=[application, http])["TagDescriptions"]])
elb.add_tags(ResourceArns=[http], Tags=[{"Key": "more", "Value": "1"}])
elb.remove_tags(ResourceArns=[http], TagKeys=["kas:created-by"])
step([d["Tags"] for d in elb.describe_tags(ResourceArns=[http])["TagDescriptions"]])
changed = [{"Key": "deregistration_delay.timeout_seconds", "Value": "60"}]
elb.modify_target_group_attributes(TargetGroupArn=http, Attributes=changed)
attributes = elb.describe_target_group_attributes(TargetGroupArn=http)["Attributes"]
step([attribute for attribute in attributes if attribute["Key"] == changed[0]["Key"]])
step(code(elb.delete_target_group, TargetGroupArn=http))
step(code(elb.describe_load_balancers, Names=["no"]), code(elb.describe_target_groups, Names=["no"]))

for arn in [application, network]:
    elb.delete_load_balancer(LoadBalancerArn=arn)
for arn in [http, tcp]:
    elb.delete_target_group(TargetGroupArn=arn)
step(len(elb.describe_load_balancers()["LoadBalancers"]), len(elb.describe_target_groups()["TargetGroups"]))
ec2.revoke_security_group_ingress(**clients)
ec2.delete_security_group(GroupId=group_id)
step(len(ec2.describe_security_groups(Filters=[tagged])["SecurityGroups"]))
step(code(ec2.delete_security_group, GroupId=group_id))
