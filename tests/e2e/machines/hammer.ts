/**
 * Clients that ask without a pause, and count what was not answered 200.
 *
 * @module
 */

/** Clients at work. */
export interface Hammer {
  /** Ends them; what they saw. */
  stop(): Promise<{ readonly answered: number; readonly failures: readonly string[] }>;
}

/** Starts so many clients that ask for a URL again and again. */
export function hammer(url: string, clients = 4): Hammer {
  let going = true;
  let answered = 0;
  const failures: string[] = [];
  const client = async () => {
    while (going) {
      try {
        const response = await fetch(url);
        await response.text();
        if (response.status === 200) answered++;
        else failures.push(`${response.status}`);
      } catch (error) {
        failures.push(String(error));
      }
    }
  };
  const all = Promise.all(Array.from({ length: clients }, client));
  return {
    stop: async () => {
      going = false;
      await all;
      return { answered, failures };
    },
  };
}
