/** How fast the auth policy gate answers Dovecot, with many locks and known-good networks in memory. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import type { Context } from './context.ts';
import { addressOf, loginOf, NETWORKS_PER_LOGIN } from './gate-population.ts';
import { type Random, seededRandom } from './random.ts';
import type { PartReport } from './report.ts';
import { percentile } from './statistics.ts';

const SERVER = fileURLToPath(new URL('gate-server.ts', import.meta.url));
const POPULATION = { locks: 100_000, pairs: 1_000_000 } as const;
const CONNECTIONS = 16;
const WARM_UP = 20_000;
const REQUESTS = 50_000;

interface Usage {
  readonly cpu: { readonly user: number; readonly system: number };
  readonly resident: number;
}

export async function gate({ options }: Context): Promise<PartReport> {
  const { locks, pairs } = POPULATION;
  const say = `${locks.toLocaleString('en')} locks and ${pairs.toLocaleString('en')} known networks`;
  options.say(`asking the auth policy gate, ${say}`);
  const port = await freePort();
  const server = fork(SERVER, [JSON.stringify({ ...POPULATION, port })]);
  try {
    await once(server, 'message');
    const random = seededRandom(options.seed);
    await ask(port, WARM_UP, random);
    const before = await usage(server);
    const start = performance.now();
    const times = await ask(port, REQUESTS, random);
    const seconds = (performance.now() - start) / 1_000;
    const after = await usage(server);
    const cpu = (after.cpu.user + after.cpu.system - before.cpu.user - before.cpu.system) / 1e6;
    return {
      title: `Gate: allow requests of Dovecot, ${say}`,
      measures: [
        {
          id: 'gate.requests',
          what: 'requests in a second of one core',
          value: REQUESTS / cpu,
          unit: '/s',
          aim: { kind: 'at least', value: 5_000 },
        },
        {
          id: 'gate.wall',
          what: 'requests in a second, while the clients use the machine too',
          value: REQUESTS / seconds,
          unit: '/s',
        },
        { id: 'gate.p50', what: 'half are answered within', value: percentile(times, 50), unit: 'ms' },
        {
          id: 'gate.p99',
          what: '99 of 100 within',
          value: percentile(times, 99),
          unit: 'ms',
          aim: { kind: 'under', value: 10 },
        },
        { id: 'gate.resident', what: 'resident', value: after.resident / 1e6, unit: 'MB' },
      ],
      notes: [
        `${REQUESTS.toLocaleString('en')} requests over ${CONNECTIONS} keep-alive connections, each asking on when it is answered`,
        'a third asks for a locked login, a third for a locked one from a known network, a third for one that is not locked',
      ],
    };
  } finally {
    const gone = once(server, 'exit');
    server.disconnect();
    await gone;
  }
}

async function usage(server: ChildProcess): Promise<Usage> {
  server.send('usage');
  const [answer] = (await once(server, 'message')) as [Usage];
  return answer;
}

/** Asks so often, over all connections together; gives how long each answer took. */
async function ask(port: number, count: number, random: Random): Promise<number[]> {
  const times: number[] = [];
  let left = count;
  const next = (): string | null => (left-- > 0 ? question(random) : null);
  await Promise.all(Array.from({ length: CONNECTIONS }, () => talk(port, next, times)));
  return times;
}

/** One connection. An answer comes in one piece; its body, and nothing before it, ends in a brace. */
function talk(port: number, next: () => string | null, times: number[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket: Socket = connect({ host: '127.0.0.1', port, noDelay: true });
    let sent = 0;
    const send = (): void => {
      const text = next();
      if (text === null) {
        socket.end();
        return;
      }
      sent = performance.now();
      socket.write(text);
    };
    socket.on('connect', send);
    socket.on('error', reject);
    socket.on('close', () => resolve());
    socket.on('data', (data) => {
      if (data.at(-1) !== 0x7d) return;
      if (!data.toString('latin1').startsWith('HTTP/1.1 200')) {
        reject(new Error(`Cannot ask the gate: it said ${data.toString('latin1')}`));
        socket.destroy();
        return;
      }
      times.push(performance.now() - sent);
      send();
    });
  });
}

/** A request as Dovecot 2.3 sends it. */
function question(random: Random): string {
  const { locks, pairs } = POPULATION;
  const kind = random.below(3);
  const user = random.below(locks);
  const login = kind === 2 ? `free${user}@example.org` : loginOf(user);
  const known = user * NETWORKS_PER_LOGIN + random.below(NETWORKS_PER_LOGIN);
  const remote = kind === 1 ? addressOf(known) : addressOf(pairs + random.below(pairs));
  const body = JSON.stringify({
    device_id: '',
    login,
    protocol: 'imap',
    pwhash: '0544',
    remote,
    session_id: 'ip50J95guoF/AAAB',
    tls: true,
  });
  return [
    'POST /?command=allow HTTP/1.1',
    'Host: 127.0.0.1:4001',
    'User-Agent: dovecot/auth-policy-client',
    `Content-Length: ${body.length}`,
    'Connection: Keep-Alive',
    'Content-Type: application/json',
    'X-API-Key: key-of-the-bench',
    '',
    body,
  ].join('\r\n');
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
