/**
 * Loopback addresses for instances and load balancers: 127.77.BLOCK.N. Each sandbox on this host claims its own blocks, one
 * block at a time, when it needs more addresses.
 *
 * @module
 */
import { AwsError } from "../wire/action.ts";

/** Last octet of the address on which a sandbox listens, at {@linkcode CLAIM_PORT}, to claim a block of addresses. */
const CLAIM_HOST = 254;
const CLAIM_PORT = 4577;
/** Number of the first address block. All blocks have three digits, so that printed addresses have the same width in every run. */
const FIRST_BLOCK = 100;
const BLOCKS = 256;
const HOSTS_PER_BLOCK = 253;

/** A pool of IP addresses for instances and load balancers. */
export interface AddressPool {
  /** Takes an unused address from the pool. Throws AwsError InsufficientFreeAddressesInSubnet. */
  take(): string;
  /** Puts an address back into the pool. */
  release(address: string): void;
}

/** A sandbox's pool of loopback addresses. Throws Deno.errors.AddrNotAvailable if the host does not have these addresses. */
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
    throw new AwsError("InsufficientFreeAddressesInSubnet", "The sandbox has no free loopback address left");
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
          `Cannot listen on ${hostname}: the sandbox needs the whole 127.0.0.0/8 network, as on Linux`,
          { cause: error },
        );
      }
      for (let host = 1; host <= HOSTS_PER_BLOCK; host++) this.#free.push(`127.77.${block}.${host}`);
      return;
    }
  }
}

/**
 * A pool of the addresses of a /24 subnet, for machines with their own addresses. The first address ends with .4 and the last
 * with .254, because a VPC reserves the first four addresses and the last one. Source: VPC User Guide, subnet sizing.
 */
export class SubnetAddresses implements AddressPool {
  readonly #free: string[] = [];

  /** @param network the first three octets of the subnet, such as `10.77.0` */
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
