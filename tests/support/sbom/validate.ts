/**
 * Validates a bill of materials against the JSON schema of CycloneDX 1.6. A process of its own with a configuration of its own, so
 * that its packages are not packages of kas.
 *
 * Reads the bill from stdin. Prints each error in a line, and ends with 1 if there is one.
 *
 * @module
 */
import "ajv";
import "ajv-formats";
import "ajv-formats-draft2019";
import { Spec, Validation } from "@cyclonedx/cyclonedx-library";

const bill = await new Response(Deno.stdin.readable).text();
const errors = await new Validation.JsonStrictValidator(Spec.Version.v1dot6).validate(bill);
if (errors !== null) {
  for (const error of [errors].flat()) {
    Deno.stderr.writeSync(new TextEncoder().encode(`${JSON.stringify(error)}\n`));
  }
  Deno.exit(1);
}
