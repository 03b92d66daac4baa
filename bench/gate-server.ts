/**
 * The gates of Dovecot and of web servers in a process of their own, before a judge with as many locks and known-good pairs as its argument says.
 * Tells its parent when it listens, and how much it has used whenever it is asked.
 */
import { parseConfig } from '../src/config/load.ts';
import { networkOf, parseAddress } from '../src/core/ip.ts';
import { Judge } from '../src/core/judge.ts';
import { pairKey } from '../src/core/known-good.ts';
import type { Ban } from '../src/core/types.ts';
import { dovecotPolicy } from '../src/gate/dovecot-policy.ts';
import { httpGate } from '../src/gate/http-gate.ts';
import { addressOf, loginOf, NETWORKS_PER_LOGIN, type Population } from './gate-population.ts';

const HOUR = 3_600_000;
const { locks, pairs, port, httpPort } = JSON.parse(process.argv[2] ?? '') as Population & {
  readonly port: number;
  readonly httpPort: number;
};
const { config } = parseConfig(
  '[login]\nknown-good-max = 2000000\n[jmap.rate-limit]\ncache.size = 1000000\n',
  'bench.toml',
);
const judge = new Judge(config);
const since = Date.now();

judge.knownGood.load(knownPairs());
for (let n = 0; n < locks; n++) judge.restore(lockOf(n), since);

const gate = dovecotPolicy(
  { host: '127.0.0.1', port, key: 'key-of-the-bench', maxDelay: 5_000, reports: false, message: 'Locked' },
  {
    ask: (question) => judge.ask(question, Date.now()),
    refused: (question) => judge.refused(question, Date.now()),
    reported: () => {},
  },
);
const web = httpGate(
  {
    ...config.requests,
    place: { host: '127.0.0.1', port: httpPort },
    key: 'key-of-the-bench',
    accountHeader: null,
    now: Date.now,
  },
  { admit: (request) => judge.admit(request, Date.now()), ended: (id) => judge.requests.ended(id) },
);
await Promise.all([gate.start(), web.start()]);
process.on('message', () => process.send?.({ cpu: process.cpuUsage(), resident: process.memoryUsage.rss() }));
process.on('disconnect', () => process.exit());
process.send?.({ pairs: judge.knownGood.size, locks: judge.banCount });

function* knownPairs(): Generator<[string, number]> {
  for (let n = 0; n < pairs; n++) {
    const address = parseAddress(addressOf(n));
    if (address === null) throw new Error(`Cannot make the network ${n}`);
    yield [pairKey(loginOf(Math.floor(n / NETWORKS_PER_LOGIN)), networkOf(address, 24)), since];
  }
}

function lockOf(index: number): Ban {
  const subject = { type: 'login', login: loginOf(index) } as const;
  const reason = '100 failed logins';
  return { subject, since, until: since + HOUR, cause: 'authentication', reason, offence: 1, evidence: [] };
}
