/**
 * Clients that send requests without a pause and count the answers other than 200.
 *
 * @module
 */

/** Running clients. */
export interface Hammer {
  /** Stops the clients. Returns their counts. */
  stop(): Promise<{ readonly answered: number; readonly failures: readonly string[] }>;
}

/** Starts clients that request a URL in a loop. */
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
