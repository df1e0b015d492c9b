/**
 * The options of `kas autoscaler`.
 *
 * @module
 */
import type { Values } from "../../cli/command.ts";
import { SETTINGS } from "../../settings/settings.ts";

/** The default listen address. nginx on the control instance forwards messages there. */
export const LISTEN = "127.0.0.1:10001";

/** The options of scaling, of the health checks and of message verification. */
export const SCALING = {
  healthCheck: SETTINGS.healthCheck,
  address: SETTINGS.address,
  min: SETTINGS.min,
  max: SETTINGS.max,
  schedules: SETTINGS.schedules,
  policies: SETTINGS.policies,
  metrics: SETTINGS.metrics,
  grow: SETTINGS.grow,
  shrink: SETTINGS.shrink,
  resync: SETTINGS.resync,
  pull: SETTINGS.pull,
  warmup: SETTINGS.warmup,
  cooldownOut: SETTINGS.cooldownOut,
  cooldownIn: SETTINGS.cooldownIn,
  metricDelay: SETTINGS.metricDelay,
  unhealthyAfter: SETTINGS.unhealthyAfter,
  startTimeout: SETTINGS.startTimeout,
  drainTimeout: SETTINGS.drainTimeout,
  drainRequest: SETTINGS.drainRequest,
  quarantineFor: SETTINGS.quarantineFor,
  resubscribe: SETTINGS.resubscribe,
  trustSigner: SETTINGS.trustSigner,
};

const { default: name, ...fleet } = SETTINGS.fleet;

/** The option `--fleet`. Without it, the autoscaler scales every fleet of the config file. */
const FLEET = { ...fleet, help: `${fleet.help} (default: every fleet of the config file, or ${name})` };

/** All options of `kas autoscaler`. */
export const OPTIONS = {
  fleet: FLEET,
  balancer: SETTINGS.balancer,
  loadBalancer: SETTINGS.loadBalancer,
  targetGroup: SETTINGS.targetGroup,
  topicArn: SETTINGS.topicArn,
  region: SETTINGS.region,
  profile: SETTINGS.profile,
  endpointUrl: SETTINGS.endpointUrl,
  keyName: SETTINGS.keyName,
  listen: {
    ...SETTINGS.listen,
    help: `${SETTINGS.listen.help}; by default ${LISTEN}, with --pull nowhere`,
  },
  host: SETTINGS.host,
  state: SETTINGS.state,
  ...SCALING,
  scrape: SETTINGS.scrape,
  scrapeInterval: SETTINGS.scrapeInterval,
  alertUrl: SETTINGS.alertUrl,
  dryRun: SETTINGS.dryRun,
  log: SETTINGS.log,
};

/** The values of the options. */
export type Flags = Values<typeof OPTIONS>;
