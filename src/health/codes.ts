/**
 * The status codes with which a service passes a health check, as load balancers write them: `200`, `200,202` or `200-299,302`.
 * Source: elbv2 API, Matcher.
 *
 * @module
 */

/** A range of status codes, with both ends. */
export interface CodeRange {
  readonly from: number;
  readonly to: number;
}

/** Parses status codes. Throws `TypeError("expected …")` if the text is not a list of codes and ranges. */
export function parseCodes(text: string): readonly CodeRange[] {
  return text.split(",").map((part) => {
    const [, from = "", to = from] = /^\s*(\d{1,3})\s*(?:-\s*(\d{1,3})\s*)?$/.exec(part) ?? [];
    if (from === "" || Number(from) > Number(to)) {
      throw new TypeError("expected status codes such as 200, 200,202 or 200-299");
    }
    return { from: Number(from), to: Number(to) };
  });
}

/** Whether a status code is one of the codes. */
export function hasCode(codes: readonly CodeRange[], status: number): boolean {
  return codes.some(({ from, to }) => from <= status && status <= to);
}

/** The codes as load balancers write them, for messages: `200-299,302`. */
export function codesText(codes: readonly CodeRange[]): string {
  return codes.map(({ from, to }) => from === to ? `${from}` : `${from}-${to}`).join(",");
}
