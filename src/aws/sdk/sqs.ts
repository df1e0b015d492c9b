/**
 * The parts of SQS's client that kas uses. kas imports this module when it first calls SQS. The module names each
 * command, so that the bundler leaves the other commands out.
 *
 * @module
 */
export { GetQueueAttributesCommand, GetQueueUrlCommand, SQSClient } from "@aws-sdk/client-sqs";
