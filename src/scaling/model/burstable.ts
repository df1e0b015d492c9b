/**
 * Burstable instances: EC2's T types. They can exceed a baseline of their CPU only while they have CPU credits.
 *
 * @module
 */

/**
 * The baselines of the instance sizes of each family, in percent of each vCPU. Source: EC2 user guide, "Key concepts for burstable
 * performance instances".
 */
const T2 = { nano: 5, micro: 10, small: 20, medium: 20, large: 30, xlarge: 22.5, "2xlarge": 17 };
const T3 = { nano: 5, micro: 10, small: 20, medium: 20, large: 30, xlarge: 40, "2xlarge": 40 };
const BASELINES: ReadonlyMap<string, number> = new Map(
  Object.entries({ t2: T2, t3: T3, t3a: T3, t4g: T3 }).flatMap(([family, sizes]) =>
    Object.entries(sizes).map(([size, baseline]) => [`${family}.${size}`, baseline] as const)
  ),
);

/**
 * Returns the baseline of an instance type, in percent. An instance of this type without CPU credits shows at most this CPU,
 * unless it is in unlimited mode. Returns undefined if the type is not a T type.
 */
export function baselineOf(type: string): number | undefined {
  return BASELINES.get(type);
}
