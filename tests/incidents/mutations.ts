/**
 * Our code with one rule broken: the fault of each exhibit, and the rules without which nothing holds. Each makes a test fail.
 *
 * @module
 */

/** A change of one file: `find` stands in it exactly once. */
export interface Edit {
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}

/** A fault, and the test that does not survive it. */
export interface Mutation {
  /** What is broken, in words. */
  readonly breaks: string;
  readonly edits: readonly Edit[];
  /** The test's file. */
  readonly test: string;
}

const museum = (name: string) => `tests/incidents/${name}_test.ts`;

/** What R10 rests on: the wait, and the look after it. */
const UNDRAINED: readonly Edit[] = [
  {
    file: "src/autoscaler/lifecycle/ways.ts",
    find: "...drained(errand),",
    replace: "attempt: () => Promise.resolve(true as const),",
  },
  {
    file: "src/autoscaler/lifecycle/ways.ts",
    find: 'if (standing !== "none") throw',
    replace: "if (standing === undefined) throw",
  },
];

/** The fault of each exhibit. */
export const EXHIBITS: readonly Mutation[] = [
  {
    breaks: "what fails to come up is not put into quarantine",
    edits: [{
      file: "src/autoscaler/lifecycle/rollback.ts",
      find: "let marked = !cause.blame;",
      replace: "let marked = true;",
    }],
    test: museum("failed_starts_without_end"),
  },
  {
    breaks: "what is on its way is left out of max",
    edits: [{
      file: "src/scaling/checks/checks.ts",
      find: ": serving + coming;",
      replace: ": serving;",
    }],
    test: museum("coming_left_out_of_max"),
  },
  {
    breaks: "what is on its way out counts towards max",
    edits: [{
      file: "src/scaling/checks/checks.ts",
      find: ": serving + coming;",
      replace: ': serving + coming + standingAt("leaving", facts).length;',
    }],
    test: museum("draining_counted_in_max"),
  },
  {
    breaks: "what was launched and is off is left out of max",
    edits: [{
      file: "src/scaling/checks/checks.ts",
      find: "const count = launching ? wholeFleet(facts) :",
      replace: "const count = launching ? serving + coming :",
    }],
    test: museum("launches_without_end"),
  },
  {
    breaks: "a launch waits for nothing after one that failed",
    edits: [{
      file: "src/scaling/checks/checks.ts",
      find: "if (!recent(launchesFail.last, pause, now)) return undefined;",
      replace: "if (pause > 0) return undefined;",
    }],
    test: museum("launches_without_end"),
  },
  {
    breaks: "a node that is stopping can't be started",
    edits: [{
      file: "src/scaling/model/instance.ts",
      find: 'case "stopping":\n      return { way: "wait" };',
      replace: 'case "stopping":\n      return { why: "it is stopping" };',
    }],
    test: museum("stopping_read_as_empty"),
  },
  {
    breaks: "the last step is known only as long as the process lives",
    edits: [
      {
        file: "src/autoscaler/store/journal.ts",
        find: "    this.#state = state;",
        replace:
          '    this.#state = state;\n    this.born = Number(this.#get("SELECT max(id) AS id FROM decisions")?.id ?? 0);',
      },
      {
        file: "src/autoscaler/store/journal.ts",
        find: "  readonly #state: State;",
        replace: "  readonly #state: State;\n  readonly born: number;",
      },
      {
        file: "src/autoscaler/store/journal.ts",
        find: '"SELECT max(time) AS time FROM decisions WHERE kind = ?", kind)',
        replace: '"SELECT max(time) AS time FROM decisions WHERE kind = ? AND id > ?", kind, this.born)',
      },
    ],
    test: museum("cooldown_lost_at_restart"),
  },
  {
    breaks: "a way in waits until the way out has come to its end",
    edits: [{
      file: "src/autoscaler/lifecycle/runner.ts",
      find: "if (!committed) cancel.abort(",
      replace: "if (committed) cancel.abort(",
    }],
    test: museum("stuck_drain"),
  },
  {
    breaks: "a missing datapoint adds no load",
    edits: [{
      file: "src/scaling/checks/checks.ts",
      find: " + missing * Math.max(...loads);",
      replace: ";",
    }],
    test: museum("missing_read_as_zero"),
  },
  {
    breaks: "without a metric nothing is decided",
    edits: [{
      file: "src/autoscaler/control/observe.ts",
      find: "    journal.notice(instances, at);",
      replace:
        '    if (cpu.size === 0) throw new Error("no metric of anybody");\n    journal.notice(instances, at);',
    }],
    test: museum("no_metrics_no_scale_out"),
  },
  { breaks: "R10: nobody waits for the drain", edits: UNDRAINED, test: museum("killed_before_drained") },
  {
    breaks: "a load balancer that can't be asked has nobody registered",
    edits: [{
      file: "src/autoscaler/control/observe.ts",
      find: "registrations(this.#aws, this.fleet.balancer, signal),",
      replace: "registrations(this.#aws, this.fleet.balancer, signal).catch(() => new Map()),",
    }],
    test: museum("failed_listing_read_as_truth"),
  },
  {
    breaks: "dedupe: each delivery is a message of its own",
    edits: [{
      file: "src/autoscaler/store/inbox.ts",
      find: ").run(id, entry.kind,",
      replace: ").run(`${id} ${Math.random()}`, entry.kind,",
    }],
    test: museum("duplicate_acts_twice"),
  },
  {
    breaks: "a lack of capacity ends the step",
    edits: [{
      file: "src/autoscaler/lifecycle/runner.ts",
      find: "giveUp({ ...activity, remaining },",
      replace: "giveUp({ ...activity, remaining: [] },",
    }],
    test: museum("no_capacity_ends_the_step"),
  },
  {
    breaks: "R2: a state that persists asks for nothing",
    edits: [{
      file: "src/scaling/policies/alarms.ts",
      find: ".filter((ask) => known(ask, facts).passes);",
      replace: '.filter((ask) => ask.kind === "in" && known(ask, facts).passes);',
    }],
    test: museum("stuck_in_alarm"),
  },
  {
    breaks: "R5: nobody is too young to be stopped",
    edits: [{
      file: "src/scaling/checks/checks.ts",
      find:
        "return [history.inServiceSince[id], launched].some((since) => recent(since, limits.warmup, now));",
      replace: "return [history, id, launched, limits, now].length === 0;",
    }],
    test: museum("booting_read_as_idle"),
  },
];

/** The rules without which nothing holds, one at a time. R5 and R10 are those of two exhibits, and dedupe of a third. */
export const RULES: readonly Mutation[] = [
  {
    breaks: "R4: a call for more holds no stop",
    edits: [{
      file: "src/scaling/checks/checks.ts",
      find: 'if (high.length === 0) return pass("R4");',
      replace: 'if (high.length >= 0) return pass("R4");',
    }],
    test: "tests/unit/scaling/decide_whether_test.ts",
  },
  {
    breaks: "R5: no cooldown holds",
    edits: [{
      file: "src/scaling/checks/checks.ts",
      find: 'if (steps.length === 0) return pass("R5");',
      replace: 'if (steps.length >= 0) return pass("R5");',
    }],
    test: museum("cooldown_lost_at_restart"),
  },
  {
    breaks: "R6: every load is bearable",
    edits: [{
      file: "src/scaling/checks/checks.ts",
      find: "return projected < threshold ?",
      replace: "return projected < Infinity ?",
    }],
    test: "tests/unit/scaling/decide_bounds_test.ts",
  },
  {
    breaks: "each attempt at a launch has a token of its own",
    edits: [{
      file: "src/autoscaler/lifecycle/launch.ts",
      find: "token: clientToken(fleet, activity),",
      replace: "token: clientToken(fleet, { ...activity, began: Math.random() }),",
    }],
    test: "tests/unit/autoscaler/lifecycle/launch_test.ts",
  },
  {
    breaks: "R3: nobody looks whether an instance can still be spared",
    edits: [{
      file: "src/autoscaler/lifecycle/ways.ts",
      find: "undefined, () => spared(errand));",
      replace: "undefined, () => Promise.resolve());",
    }],
    test: "tests/unit/autoscaler/lifecycle/recheck_test.ts",
  },
  {
    breaks: "R3: what ended while a look was under way serves as it was seen",
    edits: [{
      file: "src/autoscaler/control/observe.ts",
      find: "inProgress: journal.inProgress(begun),",
      replace: "inProgress: journal.inProgress(begun.slice(begun.length)),",
    }],
    test: "tests/unit/autoscaler/lifecycle/recheck_test.ts",
  },
  {
    breaks: "the topic check: every topic will do",
    edits: [{
      file: "src/sns/verify.ts",
      find: "  yield checkTopic(message, trust);",
      replace: "  void checkTopic;",
    }],
    test: "tests/unit/sns/verify_test.ts",
  },
];
