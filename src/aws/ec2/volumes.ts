/**
 * EBS volumes.
 *
 * @module
 */
import { type Aws, sendOptions } from "../clients.ts";
import { listIn } from "../errors.ts";
import { pages } from "../many/pages.ts";
import { ec2 } from "./client.ts";

/** A volume that is attached to an instance. */
export interface Volume {
  /** The id of the instance. */
  readonly instance: string;
  /** The type, such as `gp3`. */
  readonly type: string;
  /** The size in GiB. */
  readonly size: number;
  /** The provisioned IOPS. 0 for a type that has none. */
  readonly iops: number;
  /** The provisioned throughput of a gp3 volume, in MiB/s. 0 for other types. */
  readonly throughput: number;
}

/** Maximum number of values in one filter. Source: EC2 user guide, "Filter your resources". */
const MAX_VALUES = 200;

/** The largest page. Source: EC2 API, DescribeVolumes, MaxResults. */
const PAGE_SIZE = 1_000;

/** Lists the volumes that are attached to instances. */
export async function attachedVolumes(
  aws: Aws,
  instances: readonly string[],
  signal?: AbortSignal,
): Promise<Volume[]> {
  const [client, { DescribeVolumesCommand }] = await ec2(aws);
  const volumes: Volume[] = [];
  for (let i = 0; i < instances.length; i += MAX_VALUES) {
    const Filters = [{ Name: "attachment.instance-id", Values: instances.slice(i, i + MAX_VALUES) }];
    const answers = pages(
      (NextToken) =>
        client.send(
          new DescribeVolumesCommand({ Filters, MaxResults: PAGE_SIZE, NextToken }),
          sendOptions(signal),
        ),
      ({ NextToken }) => NextToken,
    );
    for await (const { Volumes } of answers) {
      for (
        const { Attachments = [], VolumeType, Size, Iops, Throughput } of listIn(Volumes, "EC2", "volumes")
      ) {
        volumes.push({
          instance: Attachments[0]?.InstanceId ?? "",
          type: VolumeType ?? "",
          size: Size ?? 0,
          iops: Iops ?? 0,
          throughput: Throughput ?? 0,
        });
      }
    }
  }
  return volumes;
}
