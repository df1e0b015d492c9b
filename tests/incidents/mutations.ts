/**
 * The mutations: deliberate faults in a copy of the code. There is one for each incident, for each important rule, and for each mistake
 * that kas once made in reading AWS's answers.
 * tests/long/mutations_test.ts checks that each mutation makes its test fail.
 *
 * @module
 */
import type { Edit } from "../support/mutate.ts";

/** A deliberate fault, and the test that fails because of it. */
export interface Mutation {
  /** What the faulty code does, in words. */
  readonly breaks: string;
  readonly edits: readonly Edit[];
  /** The path of the test file. */
  readonly test: string;
}

const incident = (name: string) => `tests/incidents/${name}_test.ts`;

const CAPACITY = "src/scaling/model/capacity.ts";
const OBSERVE = "src/autoscaler/control/observe.ts";
const JOURNAL = "src/autoscaler/store/journal.ts";
const RECHECK = "src/autoscaler/lifecycle/observe/recheck.ts";
const STATUS_CHECKS = "src/aws/ec2/status_checks.ts";
const JUDGE = "src/autoscaler/lifecycle/observe/judge.ts";
const SCALE_IN = "src/autoscaler/lifecycle/scale_in.ts";
const PLAN = "src/scaling/plan.ts";
const STOPS_OF_UNHEALTHY = "src/scaling/policies/replacement.ts";
const LOSSES = "src/autoscaler/store/instances/losses.ts";
const UNHEALTHY = "tests/unit/autoscaler/lifecycle/unhealthy_test.ts";

/** A test file with loads and with metrics that are minutes late. */
const DELAYS = "tests/unit/scaling/simulate/delays_test.ts";

const PASSES = '() => ({ passed: true, message: "" })';

/** The mutations for the incidents. */
export const INCIDENTS: readonly Mutation[] = [
  {
    breaks: "kas does not quarantine an instance that fails to start",
    edits: [{
      file: "src/autoscaler/lifecycle/rollback.ts",
      symbol: "tryToQuarantine",
      becomes: "async () => {}",
    }],
    test: incident("failed_starts_without_end"),
  },
  {
    breaks: "joining instances do not count towards max",
    edits: [{
      file: CAPACITY,
      symbol: "instancesAt",
      becomes: '(status, ...rest) => status === "joining" ? [] : original(status, ...rest)',
    }],
    test: incident("joining_left_out_of_max"),
  },
  {
    breaks: "leaving instances count towards max",
    edits: [{
      file: CAPACITY,
      symbol: "instancesAt",
      becomes: '(status, ...rest) => (status === "joining" ? ["joining", "leaving"] : [status])' +
        ".flatMap((status) => original(status, ...rest))",
    }],
    test: incident("draining_counted_in_max"),
  },
  {
    breaks: "kas does not restore the minimum",
    edits: [{
      file: "src/scaling/policies/bounds.ts",
      symbol: "toMinimum",
      becomes: '() => ({ policy: "minimum", direction: "out", count: 0, reason: "" })',
    }],
    test: incident("minimum_not_restored"),
  },
  {
    breaks: "launched instances on standby do not count towards max",
    edits: [{
      file: CAPACITY,
      symbol: "fleetSize",
      becomes: '(view) => ["in-service", "joining"].flatMap((status) => instancesAt(status, view)).length',
    }],
    test: incident("launches_without_end"),
  },
  {
    breaks: "kas does not wait after a failed launch",
    edits: [{
      file: "src/scaling/selection/launch_pause.ts",
      symbol: "launchPause",
      becomes: "() => undefined",
    }],
    test: incident("launches_without_end"),
  },
  {
    breaks: "kas does not start an instance that is stopping",
    edits: [{
      file: "src/scaling/selection/eligibility.ts",
      symbol: "startMethod",
      becomes:
        '(instance, ...rest) => instance.state === "stopping" ? { why: "it is stopping" } : original(instance, ...rest)',
    }],
    test: incident("stopping_read_as_empty"),
  },
  {
    breaks: "kas forgets the last change of capacity when its process ends",
    edits: [{
      file: "src/autoscaler/store/history.ts",
      symbol: "History.prototype.read",
      becomes: `function (now) {
        this.born ??= now;
        const { lastOut, lastIn, capacityChanged, ...history } = original.call(this, now);
        return {
          ...history,
          ...(capacityChanged < this.born ? {} : { capacityChanged }),
          ...(lastOut < this.born ? {} : { lastOut }),
          ...(lastIn < this.born ? {} : { lastIn }),
        };
      }`,
    }],
    test: incident("cooldown_lost_at_restart"),
  },
  {
    breaks: "a start waits until the stop of its instance has ended",
    edits: [{
      file: SCALE_IN,
      symbol: "scaleIn",
      becomes: "(context, kind, commit) => (commit(), original(context, kind, commit))",
    }],
    test: incident("stuck_drain"),
  },
  {
    breaks: "an instance without a datapoint adds no load",
    edits: [{
      file: "src/scaling/checks/projected_load.ts",
      symbol: "project",
      becomes: `(target, observation) => {
        const idle = observation.instances.map(({ id }) => [id, { percent: 0, at: observation.now }]);
        return original(target, { ...observation, cpu: { ...Object.fromEntries(idle), ...observation.cpu } });
      }`,
    }],
    test: incident("missing_read_as_zero"),
  },
  {
    breaks: "the CPU of an instance without credits counts as its load",
    edits: [{ file: "src/scaling/checks/cpu_credits.ts", symbol: "atBaseline", becomes: "() => []" }],
    test: incident("throttled_read_as_idle"),
  },
  {
    breaks: "kas makes no decision without a datapoint",
    edits: [{
      file: OBSERVE,
      symbol: "Observer.prototype.observe",
      becomes: `async function (...args) {
        const observation = await original.apply(this, args);
        if (Object.keys(observation.cpu ?? {}).length === 0) throw new Error("no metric");
        return observation;
      }`,
    }],
    test: incident("no_metrics_no_scale_out"),
  },
  {
    breaks: "R10: the autoscaler does not wait until an instance has drained",
    edits: [
      { file: SCALE_IN, symbol: "waitUntilDrained", becomes: "async () => {}" },
      {
        file: RECHECK,
        symbol: "recheck",
        becomes: 'async (context) => ({ ...await original(context), registration: "none" })',
      },
    ],
    test: incident("killed_before_drained"),
  },
  {
    breaks: "kas treats a load balancer that does not answer like one without instances",
    edits: [{
      file: "src/aws/balancing/balancer.ts",
      symbol: "health",
      becomes: "(...args) => original(...args).catch(() => [])",
    }],
    test: incident("failed_listing_read_as_truth"),
  },
  {
    breaks: "each delivery of a message counts as a new message",
    edits: [{
      file: "src/autoscaler/store/inbox.ts",
      symbol: "Inbox.prototype.add",
      becomes: "function (id, ...rest) { return original.call(this, `${id} ${Math.random()}`, ...rest); }",
    }],
    test: incident("duplicate_acts_twice"),
  },
  {
    breaks: "a lack of EC2 capacity ends the activity",
    edits: [{
      file: JOURNAL,
      symbol: "Journal.prototype.dropCandidate",
      becomes:
        "function (activity, ...rest) { return original.call(this, { ...activity, remaining: [] }, ...rest); }",
    }],
    test: incident("no_capacity_ends_the_activity"),
  },
  {
    breaks: "a lack of EC2 capacity counts as a failure of the instance",
    edits: [{
      file: "src/autoscaler/lifecycle/step.ts",
      symbol: "faultOf",
      becomes: '(error) => isInsufficientCapacity(error) ? "unhealthy" : original(error)',
    }],
    test: incident("capacity_blamed_on_instances"),
  },
  {
    breaks: "a zone that the load balancer does not serve counts as a failure of the instance",
    edits: [{
      file: "src/aws/balancing/classic_balancer.ts",
      symbol: "healthOf",
      becomes: "(state) => ({ ...original(state), unused: false })",
    }],
    test: incident("zone_blamed_on_instances"),
  },
  {
    breaks: "a failed health check counts as a failure of the instance, even if all other instances fail it",
    edits: [
      { file: JUDGE, symbol: "judgeHealthCheck", becomes: 'async () => "unhealthy"' },
      { file: JUDGE, symbol: "judgeRegistered", becomes: 'async () => "unhealthy"' },
    ],
    test: incident("fleet_blamed_for_health_check"),
  },
  {
    breaks: "kas does not record that an instance ended during its start",
    edits: [{ file: JUDGE, symbol: "faultOfEnd", becomes: "() => undefined" }],
    test: incident("start_that_ends_in_a_stop"),
  },
  {
    breaks: "a failed start causes no pause",
    edits: [{ file: "src/scaling/faults/backoff.ts", symbol: "backoffAfter", becomes: "() => 0" }],
    test: incident("capacity_blamed_on_instances"),
  },
  {
    breaks: "R2: an alarm that stays in ALARM has no effect",
    edits: [{
      file: "src/scaling/policies/alarms.ts",
      symbol: "alarmsPolicy",
      becomes: `(trigger, observation, index) => {
        const alarms = observation.alarms.filter(({ state }) => state !== "ALARM");
        return original(trigger, { ...observation, alarms }, index);
      }`,
    }],
    test: incident("stuck_in_alarm"),
  },
  {
    breaks: "R5: kas stops an instance within its warm-up",
    edits: [
      { file: "src/scaling/model/observation.ts", symbol: "isWarmingUp", becomes: "() => false" },
      { file: "src/scaling/model/change.ts", symbol: "isSettling", becomes: "() => false" },
    ],
    test: incident("booting_read_as_idle"),
  },
  {
    breaks: "one read that shows stopped ends a start",
    edits: [{
      file: "src/autoscaler/lifecycle/observe/ended.ts",
      symbol: "EndedInstance.prototype.isShownBy",
      becomes: `function ({ state }) {
        this.wasPending ||= state === "pending";
        return state === "stopped" ? this.wasPending : state !== "pending" && state !== "running";
      }`,
    }],
    test: incident("stopped_read_during_start"),
  },
  {
    breaks:
      "after one read of a registration, kas believes that somebody registered the drained instance again",
    edits: [{
      file: SCALE_IN,
      symbol: "recheckInstance",
      becomes: `async (context) => {
        await runStep(context, {
          name: "rechecked",
          failure: "",
          timeout: 60_000,
          attempt: async () => {
            const { registration } = await recheck(context);
            if (registration !== "none") throw new ActivityError("registered again");
            return true;
          },
        });
      }`,
    }],
    test: incident("draining_read_after_its_end"),
  },
  {
    breaks: "a stop that takes longer than the timeout fails",
    edits: [{
      file: SCALE_IN,
      symbol: "waitUntilEnded",
      becomes: "async ({ id }) => { throw new ActivityError(`${id} did not stop in time`, false); }",
    }],
    test: incident("slow_stop_read_as_failed"),
  },
  {
    breaks: "kas forgets the refusals of EC2 at once",
    edits: [{
      file: "src/autoscaler/control/refusals.ts",
      symbol: "refusalsOf",
      becomes: "() => new Map()",
    }],
    test: incident("refused_stop_repeated"),
  },
  {
    breaks: "an instance can count as joining for ever",
    edits: [{ file: "src/scaling/faults/overdue.ts", symbol: "isOverdue", becomes: "() => false" }],
    test: incident("joining_for_ever"),
  },
  {
    breaks: "a start that is being rolled back counts as joining",
    edits: [{
      file: "src/autoscaler/store/activities.ts",
      symbol: "readInProgress",
      becomes: `(db, also) => {
        const kinds = new Map(readUnfinished(db, also).map(({ instance, kind }) => [instance, kind]));
        return original(db, also).map((it) => ({ ...it, kind: kinds.get(it.instance) }));
      }`,
    }],
    test: incident("joining_for_ever"),
  },
];

/** The mutations for the rules. R5's warm-up, R10 and R11 have mutations among those for the incidents. */
const RULES: readonly Mutation[] = [
  {
    breaks: "R4: an alarm that recommends more capacity does not hold a scale-in back",
    edits: [{ file: "src/scaling/checks/out_beats_in.ts", symbol: "outBeatsIn.check", becomes: PASSES }],
    test: "tests/unit/scaling/checks/out_beats_in_test.ts",
  },
  {
    breaks: "R5: a cooldown holds no action back",
    edits: [{ file: "src/scaling/checks/cooldown.ts", symbol: "cooldown.check", becomes: PASSES }],
    test: incident("cooldown_lost_at_restart"),
  },
  {
    breaks: "I1: kas stops an instance that an operator protects",
    edits: [{
      file: "src/scaling/selection/eligibility.ts",
      symbol: "whyNotStoppable",
      becomes: "({ protected: _, ...instance }, activity) => original(instance, activity)",
    }],
    test: "tests/unit/scaling/properties_test.ts",
  },
  {
    breaks: "R20: a pause of an operator holds no action back",
    edits: [{ file: "src/scaling/checks/paused.ts", symbol: "paused.check", becomes: PASSES }],
    test: "tests/unit/autoscaler/lifecycle/pause_test.ts",
  },
  {
    breaks: "R6: a high projected load does not hold a scale-in back",
    edits: [{ file: "src/scaling/checks/projected_load.ts", symbol: "projectedLoad.check", becomes: PASSES }],
    test: "tests/unit/scaling/checks/projected_load_test.ts",
  },
  {
    breaks: "R6: datapoints from before the last change of capacity count as the present load",
    edits: [{ file: "src/scaling/checks/projected_load.ts", symbol: "whyStale", becomes: "() => undefined" }],
    test: "tests/unit/scaling/checks/projected_load_test.ts",
  },
  {
    breaks:
      "R2: an alarm that stays in ALARM starts instances before it can show the effect of the present capacity",
    edits: [{ file: "src/scaling/policies/alarms.ts", symbol: "whyTooEarly", becomes: "() => undefined" }],
    test: DELAYS,
  },
  {
    breaks: "R2: if the fleet is saturated, kas waits for new datapoints after each start",
    edits: [{
      file: "src/scaling/policies/saturation.ts",
      symbol: "saturationOf",
      becomes: "() => undefined",
    }],
    test: DELAYS,
  },
  {
    breaks: "the CPU of booting instances counts as load",
    edits: [{ file: "src/scaling/checks/warmup.ts", symbol: "whyNoSign", becomes: "() => undefined" }],
    test: "tests/unit/scaling/checks/warmup_test.ts",
  },
  {
    breaks: "each attempt to launch an instance has a new client token",
    edits: [{
      file: "src/autoscaler/lifecycle/launch.ts",
      symbol: "clientToken",
      becomes: "(fleet, activity) => original(fleet, { ...activity, began: Math.random() })",
    }],
    test: "tests/unit/autoscaler/lifecycle/launch_test.ts",
  },
  {
    breaks: "R3: kas stops an instance although the recheck failed",
    edits: [{
      file: RECHECK,
      symbol: "recheck",
      becomes: '(context) => original(context).catch(() => ({ registration: "none" }))',
    }],
    test: "tests/unit/autoscaler/lifecycle/observe/recheck_test.ts",
  },
  {
    breaks: "R3: an activity that ends during an observation does not count as in progress",
    edits: [{
      file: JOURNAL,
      symbol: "Journal.prototype.inProgress",
      becomes: "function () { return original.call(this); }",
    }],
    test: "tests/unit/autoscaler/lifecycle/observe/recheck_test.ts",
  },
  {
    breaks: "R14: kas accepts messages of every topic",
    edits: [{
      file: "src/sns/verify.ts",
      symbol: "checkTopic",
      becomes: '() => ({ field: "TopicArn", passed: true, detail: "", status: 403 })',
    }],
    test: "tests/unit/sns/verify_test.ts",
  },
];

/** The mutations for losses, replacement, lists of actions and an operator's capacity (R1, R21, R22). */
const REPLACEMENT: readonly Mutation[] = [
  {
    breaks: "R1: the checks of a list do not count its earlier actions",
    edits: [{ file: PLAN, symbol: "assuming", becomes: "(observation) => observation" }],
    test: "tests/unit/scaling/plan_test.ts",
  },
  {
    breaks: "R1: a check that holds a start back also holds the stops of unhealthy nodes back",
    edits: [{
      file: PLAN,
      symbol: "listsOf",
      becomes: `(...args) => {
        const lists = original(...args);
        return lists[0]?.at(-1)?.held === undefined ? lists : lists.slice(0, 1);
      }`,
    }],
    test: "tests/unit/scaling/plan_test.ts",
  },
  {
    breaks: "R1: two starts of a decision have each other's instances as candidates",
    edits: [{ file: PLAN, symbol: "withCandidates", becomes: "(action) => action" }],
    test: "tests/unit/scaling/plan_test.ts",
  },
  {
    breaks: "R10: of two scale-ins at the same time, each waits for the other",
    edits: [{
      file: "src/autoscaler/store/activities.ts",
      symbol: "readLeaving",
      becomes: "(db) => original(db)",
    }],
    test: "tests/unit/autoscaler/lifecycle/observe/recheck_test.ts",
  },
  {
    breaks: "R19: without a load policy, a fleet does not follow its schedules down",
    edits: [{ file: "src/scaling/policies/policies.ts", symbol: "followsSchedules", becomes: "() => false" }],
    test: "tests/unit/scaling/policies/policies_test.ts",
  },
  {
    breaks: "R20: kas does not notice that a pause has ended",
    edits: [{
      file: "src/autoscaler/control/schedule_windows.ts",
      symbol: "WindowWatch.prototype.dueIn",
      becomes: "() => Infinity",
    }],
    test: "tests/unit/autoscaler/control/triggers_test.ts",
  },
  {
    breaks: "R21: an unhealthy instance counts as capacity",
    edits: [{
      file: "src/scaling/model/instance.ts",
      symbol: "lifecycleStatus",
      becomes: "({ health: _, ...instance }, activity) => original(instance, activity)",
    }],
    test: "tests/unit/scaling/faults/health_test.ts",
  },
  {
    breaks: "R21: kas stops an unhealthy node before another one serves in its place",
    edits: [{
      file: STOPS_OF_UNHEALTHY,
      symbol: "stopsOfUnhealthy",
      becomes: "(question, _wanted, isAlone) => original(question, 0, isAlone)",
    }],
    test: "tests/unit/scaling/policies/replacement_test.ts",
  },
  {
    breaks: "R21: kas does not stop and start again an unhealthy node that no other one can replace",
    edits: [{
      file: STOPS_OF_UNHEALTHY,
      symbol: "stopsOfUnhealthy",
      becomes: "(question, wanted) => original(question, wanted, false)",
    }],
    test: "tests/unit/scaling/policies/replacement_test.ts",
  },
  {
    breaks: "R21: kas stops an unhealthy base instance",
    edits: [{
      file: "src/scaling/selection/eligibility.ts",
      symbol: "whyExempt",
      becomes: '(instance) => original({ ...instance, role: "node" })',
    }],
    test: "tests/unit/scaling/policies/replacement_test.ts",
  },
  {
    breaks: "R21: kas stops all unhealthy nodes at once",
    edits: [{ file: "src/scaling/checks/cap.ts", symbol: "cap.check", becomes: PASSES }],
    test: "tests/unit/scaling/checks/cap_test.ts",
  },
  {
    breaks: "R21: a start in the place of a lost instance waits for the cooldown",
    edits: [{
      file: "src/scaling/checks/cooldown.ts",
      symbol: "cooldown.check",
      becomes:
        '(context) => original({ ...context, recommendation: { ...context.recommendation, policy: "alarms" } })',
    }],
    test: "tests/unit/scaling/policies/policies_test.ts",
  },
  {
    breaks: "R21: kas starts nodes of a zone that is down like others",
    edits: [{ file: "src/scaling/selection/start.ts", symbol: "servesIn", becomes: "() => true" }],
    test: "tests/unit/scaling/selection/start_test.ts",
  },
  {
    breaks: "R21: kas does not notice that the fleet lost an instance",
    edits: [{ file: LOSSES, symbol: "Losses.prototype.open", becomes: "() => {}" }],
    test: "tests/unit/autoscaler/store/instances/losses_test.ts",
  },
  {
    breaks: "R21: a loss stays closed although the start in its place failed",
    edits: [{ file: LOSSES, symbol: "Losses.prototype.reopen", becomes: "() => {}" }],
    test: "tests/unit/autoscaler/store/instances/losses_test.ts",
  },
  {
    breaks: "R21: a loss stays open for ever",
    edits: [{ file: LOSSES, symbol: "Losses.prototype.evaluated", becomes: "() => {}" }],
    test: "tests/unit/autoscaler/store/instances/losses_test.ts",
  },
  {
    breaks: "R21: the fleet does not lose an instance that leaves right after its start",
    edits: [{
      file: "src/autoscaler/store/history.ts",
      symbol: "History.prototype.noteStarted",
      becomes: "() => {}",
    }],
    test: "tests/unit/autoscaler/store/instances/losses_test.ts",
  },
  {
    breaks: "R21: kas replaces an instance that kas admin terminated",
    edits: [{ file: "src/aws/ec2/ec2_instance.ts", symbol: "byOperatorOf", becomes: "() => ({})" }],
    test: UNHEALTHY,
  },
  {
    breaks: "R21: kas waits until an instance that hangs has drained, however long that takes",
    edits: [{
      file: SCALE_IN,
      symbol: "deregisterInstance",
      becomes: "async (context) => { await original(context); return true; }",
    }],
    test: UNHEALTHY,
  },
  {
    breaks: "R21: kas does not drain an impaired instance that serves",
    edits: [{
      file: SCALE_IN,
      symbol: "deregisterInstance",
      becomes: "async (context) => { await original(context); return context.unhealthy === undefined; }",
    }],
    test: UNHEALTHY,
  },
  {
    breaks: "R18: the stop of an unhealthy node is no failure of the node",
    edits: [{
      file: "src/autoscaler/lifecycle/faults/unhealthy.ts",
      symbol: "judgeUnhealthy",
      becomes: "async () => undefined",
    }],
    test: UNHEALTHY,
  },
  {
    breaks: "R22: an operator's capacity does not replace the alarms",
    edits: [{ file: "src/scaling/policies/operator.ts", symbol: "overrideOf", becomes: "() => undefined" }],
    test: "tests/unit/scaling/policies/policies_test.ts",
  },
  {
    breaks: "R22: an operator's capacity without a time does not end when the fleet has it",
    edits: [{ file: "src/scaling/policies/operator.ts", symbol: "hasReached", becomes: "() => false" }],
    test: "tests/unit/autoscaler/control/triggers_test.ts",
  },
  {
    breaks: "a metric without a value counts as 0 in a formula",
    edits: [{
      file: "src/scaling/policies/formula.ts",
      symbol: "valuesOf",
      becomes:
        "(observation) => new Map([...original(observation)].map(([name, it]) => [name, { ...it, value: it.value ?? 0 }]))",
    }],
    test: "tests/unit/scaling/policies/formula_test.ts",
  },
  {
    breaks: "kas accepts a formula with an unknown metric",
    edits: [{ file: "src/settings/metrics/unknown_names.ts", symbol: "unknownNames", becomes: "() => []" }],
    test: "tests/unit/settings/settings_test.ts",
  },
  {
    breaks: "the requests of the load balancer are not divided by the instances in service",
    edits: [{
      file: "src/autoscaler/telemetry/sources/reader.ts",
      symbol: "perTarget",
      becomes: "(reading) => reading",
    }],
    test: "tests/unit/autoscaler/telemetry/sources/reader_test.ts",
  },
];

/** The mutations for how kas reads AWS, and for what it takes for granted about an account. */
const READING: readonly Mutation[] = [
  {
    breaks: "a metric that CloudWatch could not read counts as a metric without a datapoint",
    edits: [{ file: "src/aws/cloudwatch/metric_data.ts", symbol: "requireComplete", becomes: "() => {}" }],
    test: "tests/unit/aws/cloudwatch/cpu_test.ts",
  },
  {
    breaks: "a listing ends without an error if AWS repeats a page token",
    edits: [{
      file: "src/aws/many/pages.ts",
      symbol: "pages",
      becomes: `async function* (request, tokenOf) {
        const seen = new Set();
        for (let token; ; seen.add(token)) {
          const page = await request(token);
          yield page;
          token = tokenOf(page);
          if (!token || seen.has(token)) return;
        }
      }`,
    }],
    test: "tests/unit/aws/listings_test.ts",
  },
  {
    breaks: "the signing certificates of all regions have the names of the first regions",
    edits: [{
      file: "src/sns/signer_hosts.ts",
      symbol: "signerHosts",
      becomes: "(arn) => { const it = original(arn); return it && { ...it, names: it.names.slice(0, 1) }; }",
    }],
    test: "tests/unit/sns/signer_hosts_test.ts",
  },
  {
    breaks: "kas deregisters a target at the port of its group only",
    edits: [{
      file: "src/aws/balancing/target_group.ts",
      symbol: "targetsOf",
      becomes: "(_aws, _arn, ids) => Promise.resolve([ids].flat().map((Id) => ({ Id })))",
    }],
    test: "tests/unit/aws/balancing/target_group_test.ts",
  },
  {
    breaks: "a status check without a result counts as a failed one",
    edits: [{
      file: STATUS_CHECKS,
      symbol: "failureOf",
      becomes: '(status) => status.SystemStatus?.Status === "ok" ? original(status) : "not ok"',
    }],
    test: "tests/unit/aws/ec2/status_checks_test.ts",
  },
  {
    breaks: "a retirement that is over counts as a scheduled one",
    edits: [{
      file: STATUS_CHECKS,
      symbol: "endOf",
      becomes: '(event) => original({ ...event, Description: "" })',
    }],
    test: "tests/unit/aws/ec2/status_checks_test.ts",
  },
  {
    breaks: "one instance that does not exist hides the status checks of all others",
    edits: [{ file: STATUS_CHECKS, symbol: "statuses", becomes: "statusPages" }],
    test: "tests/unit/aws/ec2/status_checks_test.ts",
  },
  {
    breaks: "doctor does not read whether CloudWatch may publish to the topic",
    edits: ["encryption", "policy"].map((symbol) => (
      { file: "src/admin/doctor/checks/notifications/delivery.ts", symbol, becomes: "() => []" }
    )),
    test: "tests/integration/admin/doctor/delivery_test.ts",
  },
  {
    breaks: "setup leaves instances with basic monitoring",
    edits: [{
      file: "src/admin/setup/monitoring_step.ts",
      symbol: "setUpMonitoring",
      becomes: "() => Promise.resolve()",
    }],
    test: "tests/integration/admin/setup/setup_test.ts",
  },
];

/** Mutations of the health check of any service (R9). */
const SERVICE: readonly Mutation[] = [
  {
    breaks: "kas does not make the load balancer's health check",
    edits: [{
      file: "src/autoscaler/lifecycle/observe/health_check.ts",
      symbol: "checksOf",
      becomes: "async () => []",
    }],
    test: "tests/unit/autoscaler/lifecycle/observe/health_check_test.ts",
  },
  {
    breaks: "a check at the port of the traffic ignores the ports of an instance's targets",
    edits: [{
      file: "src/aws/balancing/target_group.ts",
      symbol: "targetPorts",
      becomes: "async () => () => undefined",
    }],
    test: "tests/unit/aws/balancing/checks_test.ts",
  },
  {
    breaks: "an autoscaler outside the VPC never starts the first instance of a fleet",
    edits: [{ file: JUDGE, symbol: "reachOf", becomes: 'async () => "reached"' }],
    test: "tests/unit/autoscaler/lifecycle/reach_test.ts",
  },
  {
    breaks: "an autoscaler takes a booting instance for one that it does not reach",
    edits: [{ file: JUDGE, symbol: "reachOf", becomes: 'async () => "out-of-reach"' }],
    test: "tests/unit/autoscaler/lifecycle/reach_test.ts",
  },
  {
    breaks: "an instance that is missing in a target group counts as in service",
    edits: [{
      file: "src/aws/balancing/target_groups.ts",
      symbol: "inAll",
      becomes: "(id, arns, healths) => healths.find((it) => it !== undefined)",
    }],
    test: "tests/unit/aws/balancing/target_groups_test.ts",
  },
  {
    breaks: "kas does not register an instance with a target group that is new in the settings",
    edits: [{
      file: "src/autoscaler/control/complete.ts",
      symbol: "completeRegistrations",
      becomes: "async () => {}",
    }],
    test: "tests/integration/autoscaler/target_group_test.ts",
  },
  {
    breaks: "kas polls the health check of a service that is not kas worker",
    edits: [{
      file: "src/autoscaler/lifecycle/first_request.ts",
      symbol: "firstWork",
      becomes:
        "async (wanted, check) => { const at = await original(wanted, check); return at === -1 ? undefined : at; }",
    }],
    test: "tests/unit/autoscaler/lifecycle/first_request_test.ts",
  },
];

/** All mutations. */
export const MUTATIONS: readonly Mutation[] = [
  ...INCIDENTS,
  ...RULES,
  ...REPLACEMENT,
  ...READING,
  ...SERVICE,
];
