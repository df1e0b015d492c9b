/**
 * EC2's launch templates and their versions. Source: EC2 user guide, "Launch templates".
 *
 * @module
 */
import { shape, text, texts } from "../../wire/input.ts";
import { ACCOUNT_ID, AwsError, type Service, type Shape } from "../../wire/action.ts";
import type { Clock } from "../../clock.ts";
import { missingParameter } from "../request.ts";
import { applyFilters, pageOf } from "../filters.ts";

/** A launch template. `versions[0]` is version 1. */
interface Template {
  readonly id: string;
  readonly name: string;
  /** Creation time in ms since the epoch. */
  readonly created: number;
  readonly defaultVersion: number;
  readonly versions: readonly {
    readonly data: Shape;
    readonly created: number;
    readonly description?: string;
  }[];
}

/** API actions on launch templates, and their use in RunInstances. */
export interface LaunchTemplates {
  readonly actions: Service;
  /**
   * Returns the instance settings of the launch template that a RunInstances request selects, and the tags with which
   * EC2 marks instances of the template. Throws AwsError.
   */
  resolve(specification: Shape): { readonly data: Shape; readonly tags: Record<string, string> };
}

/** Returns EC2's API actions on launch templates. The account has no launch templates at first. */
export function launchTemplates(clock: Clock): LaunchTemplates {
  /** Launch templates by id. */
  const templates = new Map<string, Template>();
  let created = 0;

  const find = (input: Shape): Template => {
    const id = text(input, "LaunchTemplateId");
    const name = text(input, "LaunchTemplateName");
    if (id === undefined && name === undefined) missingParameter("LaunchTemplateId");
    const found = id === undefined ? templates.values().find((it) => it.name === name) : templates.get(id);
    return found ?? templateNotFound(id, name);
  };

  const put = (template: Template): Template => {
    templates.set(template.id, template);
    return template;
  };

  const actions: Service = {
    CreateLaunchTemplate: (input) => {
      const name = text(input, "LaunchTemplateName") ?? missingParameter("LaunchTemplateName");
      if (templates.values().some((it) => it.name === name)) {
        throw new AwsError(
          "InvalidLaunchTemplateName.AlreadyExistsException",
          "Launch template name already in use.",
        );
      }
      const id = `lt-${(++created).toString(16).padStart(17, "0")}`;
      const template = {
        id,
        name,
        created: clock.now(),
        defaultVersion: 1,
        versions: [readVersion(input, clock)],
      };
      return { LaunchTemplate: templateShape(put(template)) };
    },

    CreateLaunchTemplateVersion: (input) => {
      const template = find(input);
      const source = text(input, "SourceVersion");
      const base = source === undefined ? {} : template.versions[versionNumber(template, source) - 1]?.data;
      const added = readVersion(input, clock, base);
      const versions = [...put({ ...template, versions: [...template.versions, added] }).versions];
      return { LaunchTemplateVersion: versionShape({ ...template, versions }, versions.length) };
    },

    ModifyLaunchTemplate: (input) => {
      const template = find(input);
      // EC2's API uses the name SetDefaultVersion in requests and DefaultVersion in responses.
      const version = text(input, "SetDefaultVersion") ?? missingParameter("SetDefaultVersion");
      const defaultVersion = versionNumber(template, version);
      return { LaunchTemplate: templateShape(put({ ...template, defaultVersion })) };
    },

    DescribeLaunchTemplates: (input) => {
      const requested = [
        ...texts(input, "LaunchTemplateIds").map((id) => find({ LaunchTemplateId: id })),
        ...texts(input, "LaunchTemplateNames").map((name) => find({ LaunchTemplateName: name })),
      ];
      const selected = requested.length > 0 ? requested : [...templates.values()];
      const { items, NextToken } = pageOf(
        applyFilters(
          selected,
          input,
          ({ name }, filter) => filter === "launch-template-name" ? [name] : undefined,
        ),
        ({ id }) => id,
        input,
      );
      return { LaunchTemplates: items.map(templateShape), NextToken };
    },

    DescribeLaunchTemplateVersions: (input) => {
      const template = find(input);
      const requested = texts(input, "Versions").map((it) => versionNumber(template, it));
      const all = template.versions.map((_, i) => i + 1);
      return {
        LaunchTemplateVersions: (requested.length > 0 ? requested : all.toReversed()).map((n) =>
          versionShape(template, n)
        ),
      };
    },

    DeleteLaunchTemplate: (input) => {
      const template = find(input);
      templates.delete(template.id);
      return { LaunchTemplate: templateShape(template) };
    },
  };

  return {
    actions,
    resolve: (specification) => {
      const template = find(specification);
      const number = versionNumber(template, text(specification, "Version") ?? "$Default");
      const tags = {
        "aws:ec2launchtemplate:id": template.id,
        "aws:ec2launchtemplate:version": String(number),
      };
      return { data: template.versions[number - 1]?.data ?? {}, tags };
    },
  };
}

function readVersion(input: Shape, clock: Clock, base: Shape = {}): Template["versions"][number] {
  const data = shape(input, "LaunchTemplateData") ?? missingParameter("LaunchTemplateData");
  const description = text(input, "VersionDescription");
  return {
    data: { ...base, ...data },
    created: clock.now(),
    ...(description === undefined ? {} : { description }),
  };
}

/** Converts `$Latest`, `$Default` or a number to a version number of a launch template. Throws AwsError. */
function versionNumber({ id, defaultVersion, versions }: Template, version: string): number {
  const number = version === "$Default"
    ? defaultVersion
    : version === "$Latest"
    ? versions.length
    : Number(version);
  if (versions[number - 1] !== undefined) return number;
  throw new AwsError(
    "InvalidLaunchTemplateId.VersionNotFound",
    `Could not find the specified version ${version} for the launch template with ID ${id}.`,
  );
}

function templateNotFound(id: string | undefined, name: string | undefined): never {
  if (id === undefined) {
    throw new AwsError(
      "InvalidLaunchTemplateName.NotFoundException",
      `The specified launch template, with template name ${name}, does not exist.`,
    );
  }
  throw new AwsError(
    "InvalidLaunchTemplateId.NotFound",
    `The specified launch template, with template ID ${id}, does not exist.`,
  );
}

function templateShape({ id, name, created, defaultVersion, versions }: Template): Shape {
  return {
    LaunchTemplateId: id,
    LaunchTemplateName: name,
    CreateTime: new Date(created),
    CreatedBy: `arn:aws:iam::${ACCOUNT_ID}:root`,
    DefaultVersionNumber: defaultVersion,
    LatestVersionNumber: versions.length,
  };
}

function versionShape({ id, name, defaultVersion, versions }: Template, number: number): Shape {
  const { data = {}, created = 0, description } = versions[number - 1] ?? {};
  return {
    LaunchTemplateId: id,
    LaunchTemplateName: name,
    VersionNumber: number,
    VersionDescription: description,
    CreateTime: new Date(created),
    CreatedBy: `arn:aws:iam::${ACCOUNT_ID}:root`,
    DefaultVersion: number === defaultVersion,
    LaunchTemplateData: data,
  };
}
