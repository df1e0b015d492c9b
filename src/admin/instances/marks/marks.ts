/**
 * `kas admin instances protect|unprotect|release`: changes the tags with which kas excludes instances from scaling.
 *
 * @module
 */
import type { Aws } from "../../../aws/clients.ts";
import type { Ec2Instance } from "../../../aws/ec2/instances.ts";
import { tagInstances, untagInstances } from "../../../aws/ec2/operator_tags.ts";
import { endQuarantine } from "../../../aws/ec2/quarantine.ts";
import { allDone, batched } from "../../../aws/many/batches.ts";
import { command } from "../../../cli/command.ts";
import { ACCOUNT_OPTIONS, fleetMember, instancesById, withAws } from "../../account.ts";
import { forEachTarget, presentIn } from "../targets.ts";

/** What a command does to the tags of instances. */
interface Marking {
  readonly name: string;
  readonly summary: string;
  /** How a row describes a changed instance. */
  readonly done: string;
  /** Returns why the command leaves an instance unchanged. Returns undefined if it changes the instance. */
  readonly whyUnchanged: (instance: Ec2Instance) => string | undefined;
  /** The detail of an instance that a dry run prints. */
  readonly detail: (instance: Ec2Instance) => string | undefined;
  readonly apply: (aws: Aws, ids: readonly string[], signal: AbortSignal) => Promise<void>;
}

/** Declares a command that changes the tags of instances. */
function marking({ name, summary, done, whyUnchanged, detail, apply }: Marking) {
  return command({
    name,
    summary,
    args: "ID…",
    options: ACCOUNT_OPTIONS,
    run: (context) =>
      withAws(context, async (aws) => {
        const { flags, args, signal } = context;
        const fleet = await instancesById(aws, flags, signal);
        const changed = presentIn(fleet, args, (instance) => whyUnchanged(instance) === undefined);
        const applyTo = batched(changed, async (batch) => {
          await apply(aws, batch, signal);
          return allDone(batch);
        });
        return await forEachTarget(context, ["id", "action"], args, (id) => {
          const instance = fleetMember(fleet, id, flags);
          const why = whyUnchanged(instance);
          if (why !== undefined) {
            return {
              actions: [`leave ${id}: ${why}`],
              apply: () => Promise.resolve([{ id, action: "unchanged" }]),
            };
          }
          return {
            actions: [`${name} ${id} (${detail(instance)})`],
            apply: async () => {
              await applyTo(id);
              return [{ id, action: done }];
            },
          };
        });
      }),
  });
}

/** The command `kas admin instances protect`. */
export const protect = marking({
  name: "protect",
  summary: "Protect instances: kas never stops them",
  done: "protected",
  whyUnchanged: (instance) => instance.protected ? "it is already protected" : undefined,
  detail: ({ state }) => state,
  apply: (aws, ids, signal) => tagInstances(aws, ids, { protected: "true" }, signal),
});

/** The command `kas admin instances unprotect`. */
export const unprotect = marking({
  name: "unprotect",
  summary: "End the protection of instances",
  done: "unprotected",
  whyUnchanged: (instance) => instance.protected ? undefined : "it is not protected",
  detail: ({ state }) => state,
  apply: (aws, ids, signal) => untagInstances(aws, ids, ["protected"], signal),
});

/** The command `kas admin instances release`. */
export const release = marking({
  name: "release",
  summary: "Release instances from quarantine",
  done: "released",
  whyUnchanged: ({ quarantine }) => quarantine === undefined ? "it is not quarantined" : undefined,
  detail: ({ quarantine }) => quarantine,
  apply: endQuarantine,
});
