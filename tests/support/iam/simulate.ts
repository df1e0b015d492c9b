/**
 * Asks an IAM simulator whether IAM would allow requests. This program runs in its own process and has its own
 * configuration, because the simulator has another licence than kas and is not a package of kas.
 *
 * It reads a JSON document from stdin, `{ policies, requests, account }`, and writes for each policy whether the policy
 * allows each request. It exits with status 1 if a policy or a request is malformed.
 *
 * @module
 */
import { runSimulation } from "@cloud-copilot/iam-simulate";

/** The JSON document on stdin. */
interface Question {
  readonly account: string;
  readonly policies: readonly unknown[];
  readonly requests: readonly {
    readonly action: string;
    readonly resource: string;
    readonly context: Readonly<Record<string, string | string[]>>;
  }[];
}

/**
 * Renames target groups and listeners to load balancers, in a policy and in a request alike. The simulator's data has only load balancers
 * as resources of AddTags. The API has the other two as well. Source: elbv2 API, AddTags.
 */
function asLoadBalancers(text: string): string {
  return text.replaceAll(/:(targetgroup|listener)\//g, ":loadbalancer/$1/");
}

async function allows(
  account: string,
  policy: unknown,
  request: Question["requests"][number],
): Promise<boolean> {
  const { action, resource, context } = request;
  const known = action === "elasticloadbalancing:AddTags" ? asLoadBalancers : (text: string) => text;
  const answer = await runSimulation({
    request: {
      action,
      principal: `arn:aws:iam::${account}:role/kas`,
      resource: { resource: known(resource), accountId: account },
      contextVariables: context,
    },
    identityPolicies: [{ name: "kas", policy: JSON.parse(known(JSON.stringify(policy))) }],
    serviceControlPolicies: [],
    resourceControlPolicies: [],
  }, {});
  if (answer.resultType === "error") {
    throw new Error(`${action} on ${resource}: ${JSON.stringify(answer.errors)}`);
  }
  return answer.overallResult === "Allowed";
}

const { account, policies, requests }: Question = JSON.parse(await new Response(Deno.stdin.readable).text());
const answers: boolean[][] = [];
for (const policy of policies) {
  const row: boolean[] = [];
  for (const request of requests) row.push(await allows(account, policy, request));
  answers.push(row);
}
await Deno.stdout.write(new TextEncoder().encode(JSON.stringify(answers)));
