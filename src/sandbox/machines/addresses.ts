/**
 * Addresses on loopback for instances and load balancers: 127.77.BLOCK.N. A block belongs to one sandbox at a time, however many
 * run on this machine; more blocks are taken as they are needed.
 *
 * @module
 */
import { AwsError } from "../wire/action.ts";

/** The address that marks a block as taken, by a listener on {@linkcode CLAIM_PORT}. */
const CLAIM_HOST = 254;
const CLAIM_PORT = 4577;
/** Of three digits each: what is printed of them is as wide whichever it is. */
const FIRST_BLOCK = 100;
const BLOCKS = 256;
const HOSTS_PER_BLOCK = 253;

/** Where addresses come from. */
export interface AddressPool {
  /** An address that nobody else has. Throws AwsError InsufficientFreeAddressesInSubnet. */
  take(): string;
  /** Gives one back. */
  release(address: string): void;
}

/** A sandbox's pool of loopback addresses. Throws Deno.errors.AddrNotAvailable, in plain words, where the system has no such addresses. */
export class LoopbackAddresses implements AddressPool, Disposable {
  readonly #claims: Deno.TcpListener[] = [];
  readonly #free: string[] = [];

  constructor() {
    this.#claim();
  }

  take(): string {
    if (this.#free.length === 0) this.#claim();
    const address = this.#free.shift();
    if (address !== undefined) return address;
    throw new AwsError("InsufficientFreeAddressesInSubnet", "The sandbox has no free address left");
  }

  release(address: string): void {
    this.#free.push(address);
  }

  [Symbol.dispose](): void {
    for (const claim of this.#claims) claim.close();
  }

  #claim(): void {
    for (let block = FIRST_BLOCK; block < BLOCKS; block++) {
      const hostname = `127.77.${block}.${CLAIM_HOST}`;
      try {
        this.#claims.push(Deno.listen({ hostname, port: CLAIM_PORT }));
      } catch (error) {
        if (error instanceof Deno.errors.AddrInUse) continue;
        if (!(error instanceof Deno.errors.AddrNotAvailable)) throw error;
        throw new Deno.errors.AddrNotAvailable(
          `Cannot listen on ${hostname}: the sandbox gives each instance a loopback address of its own, as Linux has them`,
          { cause: error },
        );
      }
      for (let host = 1; host <= HOSTS_PER_BLOCK; host++) this.#free.push(`127.77.${block}.${host}`);
      return;
    }
  }
}

/**
 * The addresses of a subnet of 256, for machines with addresses of their own. As in a VPC the first is .4, and .255 is nobody's.
 * Source: VPC User Guide, subnet sizing: the first four and the last address of a subnet are reserved.
 */
export class SubnetAddresses implements AddressPool {
  readonly #free: string[] = [];

  /** @param network its first three numbers, `10.77.0` */
  constructor(network: string) {
    for (let host = 4; host < 255; host++) this.#free.push(`${network}.${host}`);
  }

  take(): string {
    const address = this.#free.shift();
    if (address !== undefined) return address;
    throw new AwsError("InsufficientFreeAddressesInSubnet", "The subnet has no free address left");
  }

  release(address: string): void {
    this.#free.push(address);
  }
}
