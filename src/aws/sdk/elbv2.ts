/**
 * The parts of ELB v2's client (Application and Network Load Balancers) that kas uses. kas imports this module when it
 * first calls ELB v2. The module names each command, so that the bundler leaves the other commands out.
 *
 * @module
 */
export {
  DeregisterTargetsCommand,
  DescribeLoadBalancersCommand,
  DescribeTargetGroupAttributesCommand,
  DescribeTargetGroupsCommand,
  DescribeTargetHealthCommand,
  ElasticLoadBalancingV2Client,
  ModifyTargetGroupAttributesCommand,
  ModifyTargetGroupCommand,
  RegisterTargetsCommand,
} from "@aws-sdk/client-elastic-load-balancing-v2";
