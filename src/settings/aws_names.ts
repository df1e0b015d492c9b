/**
 * Parsers of settings that are names or ARNs.
 *
 * @module
 */

export function fleetName(value: string): string {
  if (!/^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$/.test(value)) {
    throw new TypeError("expected a name of letters, digits, dots, hyphens and underscores");
  }
  return value;
}

/** Source: EC2 API, CreateLaunchTemplate, LaunchTemplateName; LaunchTemplateSpecification, Version. */
export function launchTemplate(value: string): string {
  if (!/^(lt-[0-9a-f]{8,17}|[\w().\/-]{3,128})(:(\d+|\$Latest|\$Default))?$/.test(value)) {
    throw new TypeError(
      "expected a launch template's name or id such as kas-node, kas-node:3 or kas-node:$Latest",
    );
  }
  return value;
}

export function topicArn(value: string): string {
  if (!/^arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:[A-Za-z0-9_-]{1,256}$/.test(value)) {
    throw new TypeError("expected an ARN such as arn:aws:sns:eu-west-1:123456789012:kas");
  }
  return value;
}

export function targetGroupArn(value: string): string {
  const form =
    /^arn:aws[a-z-]*:elasticloadbalancing:[a-z0-9-]+:\d{12}:targetgroup\/[A-Za-z0-9-]{1,32}\/[a-z0-9]+$/;
  if (!form.test(value)) {
    throw new TypeError(
      "expected a target group's ARN such as " +
        "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/kas/0123456789abcdef",
    );
  }
  return value;
}
