/**
 * `kas admin instances create`: launches instances into the fleet.
 *
 * @module
 */
import { launchInstances } from "../../aws/ec2/launch.ts";
import { command, ExitError, UsageError } from "../../cli/command.ts";
import type { Role } from "../../scaling/model/instance.ts";
import { integer, oneOf, text } from "../../cli/parsers.ts";
import { ACCOUNT_OPTIONS, withAws } from "../account.ts";
import { MONITORING } from "./monitoring_option.ts";
import { printActions } from "./targets.ts";

const ROLES = ["base", "control", "node"] as const satisfies Role[];

const parseRole = oneOf(...ROLES);

/** The end of an instance's Name tag, by role. In a legacy fleet without role tags, kas reads the role from the Name tag. */
const NAME_SUFFIX: Record<Role, string> = { base: "base", control: "ctl", node: "node" };

/** The command `kas admin instances create`. */
export const create = command({
  name: "create",
  summary: "Launch instances into the fleet",
  options: {
    count: {
      placeholder: "N",
      help: "how many instances to launch",
      default: "1",
      parse: integer(1, 1_000),
    },
    role: {
      placeholder: "ROLE",
      help: "base and control instances always run; kas starts and stops nodes",
      default: "node",
      choices: ROLES,
      parse: parseRole,
    },
    launchTemplate: { placeholder: "NAME", help: "launch template, by name or id", parse: text },
    image: { placeholder: "AMI", help: "image; required without --launch-template", parse: text },
    type: { placeholder: "TYPE", help: "instance type, such as t3.small", parse: text },
    subnet: { placeholder: "ID", help: "subnet to launch into", parse: text },
    securityGroup: { placeholder: "ID", help: "security group", repeat: true, parse: text },
    monitoring: MONITORING,
    userData: {
      placeholder: "FILE",
      help: "file with user data, such as the output of kas admin user-data",
      parse: text,
    },
    ...ACCOUNT_OPTIONS,
  },
  examples: ["admin instances create --count 2 --launch-template kas-node"],
  run: (context) =>
    withAws(context, async (aws) => {
      const { flags: { fleet, keyName, ...flags }, out, signal } = context;
      if (flags.image === undefined && flags.launchTemplate === undefined) {
        throw new UsageError(
          "Instances need --image AMI or --launch-template NAME",
          "--image ami-0123456789abcdef0; the sandbox accepts any id",
        );
      }
      const userData = flags.userData === undefined ? undefined : await readUserData(flags.userData);
      if (flags.dryRun) {
        const source = flags.launchTemplate ?? flags.image;
        return await printActions(out, [{
          action: `launch ${flags.count} × ${flags.role} from ${source} into fleet ${fleet}`,
        }]);
      }
      const launched = await launchInstances(aws, {
        fleet,
        role: flags.role,
        count: flags.count,
        monitoring: flags.monitoring,
        name: `${fleet}_${NAME_SUFFIX[flags.role]}`,
        ...(flags.image !== undefined && { image: flags.image }),
        ...(flags.type !== undefined && { type: flags.type }),
        ...(flags.subnet !== undefined && { subnet: flags.subnet }),
        ...(flags.securityGroup.length > 0 && { securityGroups: flags.securityGroup }),
        ...(keyName !== undefined && { keyName }),
        ...(flags.launchTemplate !== undefined && { launchTemplate: flags.launchTemplate }),
        ...(userData !== undefined && { userData }),
      }, signal);
      await out.table(["id", "name"], launched.map(({ id, name }) => ({ id, name })));
      out.hint(
        "Next: kas admin setup, which creates the load balancer and the alarms of the instances",
      );
      if (launched.length < flags.count) {
        throw new ExitError(`EC2 launched only ${launched.length} of ${flags.count} instances`);
      }
    }),
});

async function readUserData(path: string): Promise<string> {
  try {
    return await Deno.readTextFile(path);
  } catch (cause) {
    throw new UsageError(`Cannot read user data ${path}: ${cause instanceof Error ? cause.message : cause}`);
  }
}
