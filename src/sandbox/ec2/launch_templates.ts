/**
 * EC2's launch templates: kept in versions, and looked up by RunInstances. Source: EC2 user guide, "Launch templates".
 *
 * @module
 */
import { shape, text, texts } from "../wire/input.ts";
import { ACCOUNT_ID, AwsError, type Service, type Shape } from "../wire/action.ts";
import type { Clock } from "../clock.ts";
import { missingParameter } from "./request.ts";
import { applyFilters, pageOf } from "./filters.ts";

/** A launch template. `versions` are what instances are launched with, the first of them version 1. */
interface Template {
  readonly id: string;
  readonly name: string;
  /** ms since the epoch. */
  readonly created: number;
  readonly defaultVersion: number;
  readonly versions: readonly {
    readonly data: Shape;
    readonly created: number;
    readonly description?: string;
  }[];
}

/** The launch templates of an account. */
export interface LaunchTemplates {
  readonly actions: Service;
  /** What RunInstances' LaunchTemplate says of the instances, and the tags that tell of it. Throws AwsError. */
  resolve(specification: Shape): { readonly data: Shape; readonly tags: Record<string, string> };
}

/** An account without launch templates. */
export function launchTemplates(clock: Clock): LaunchTemplates {
  /** By id. */
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
      // What the API calls DefaultVersion goes over the wire as SetDefaultVersion.
      const wanted = text(input, "SetDefaultVersion") ?? missingParameter("SetDefaultVersion");
      const defaultVersion = versionNumber(template, wanted);
      return { LaunchTemplate: templateShape(put({ ...template, defaultVersion })) };
    },

    DescribeLaunchTemplates: (input) => {
      const named = [
        ...texts(input, "LaunchTemplateIds").map((id) => find({ LaunchTemplateId: id })),
        ...texts(input, "LaunchTemplateNames").map((name) => find({ LaunchTemplateName: name })),
      ];
      const chosen = named.length > 0 ? named : [...templates.values()];
      const { items, NextToken } = pageOf(
        applyFilters(
          chosen,
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
      const wanted = texts(input, "Versions").map((it) => versionNumber(template, it));
      const all = template.versions.map((_, i) => i + 1);
      return {
        LaunchTemplateVersions: (wanted.length > 0 ? wanted : all.toReversed()).map((n) =>
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

/** A version's number by `$Latest`, `$Default` or its number. */
function versionNumber({ id, defaultVersion, versions }: Template, wanted: string): number {
  const number = wanted === "$Default"
    ? defaultVersion
    : wanted === "$Latest"
    ? versions.length
    : Number(wanted);
  if (versions[number - 1] !== undefined) return number;
  throw new AwsError(
    "InvalidLaunchTemplateId.VersionNotFound",
    `Could not find the specified version ${wanted} for the launch template with ID ${id}.`,
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
