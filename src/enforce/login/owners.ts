/** From where the owners of some logins are known to come. */
import type { Network } from '../../core/ip.ts';

/** What is missing has no such networks. */
export type Owners = (logins: ReadonlySet<string>) => ReadonlyMap<string, readonly Network[]>;
