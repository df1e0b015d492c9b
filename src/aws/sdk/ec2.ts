/**
 * What kas uses of EC2's client. Imported lazily; naming each command lets a bundler drop the hundreds of others.
 *
 * @module
 */
export {
  CreateTagsCommand,
  DeleteTagsCommand,
  DescribeInstancesCommand,
  DescribeSecurityGroupsCommand,
  EC2Client,
  RunInstancesCommand,
  StartInstancesCommand,
  StopInstancesCommand,
  TerminateInstancesCommand,
} from "@aws-sdk/client-ec2";
