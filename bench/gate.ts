/** How fast the gates answer Dovecot and web servers, with many locks and known-good networks in memory. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import type { Context } from './context.ts';
import { addressOf, loginOf, NETWORKS_PER_LOGIN } from './gate-population.ts';
import { type Random, seededRandom } from './random.ts';
import type { Measure, PartReport } from './report.ts';
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
  options.say(`asking the gates, ${say}`);
  const [port, httpPort] = [await freePort(), await freePort()];
  const server = fork(SERVER, [JSON.stringify({ ...POPULATION, port, httpPort })]);
  try {
    await once(server, 'message');
    const random = seededRandom(options.seed);
    const dovecot = await measure(server, (count) => ask(port, count, random));
    const http = await measure(server, (count) => askHttp(httpPort, count, random));
    return {
      title: `Gates, with ${say}`,
      measures: [
        ...measures('gate', 'allow requests of Dovecot', dovecot, 5_000),
        ...measures('gate.http', 'requests of a web server', http, 2_000),
        { id: 'gate.resident', what: 'resident', value: http.resident / 1e6, unit: 'MB' },
      ],
      notes: [
        `Dovecot: ${REQUESTS.toLocaleString('en')} requests over ${CONNECTIONS} keep-alive connections, each asking on when it is answered`,
        'a third asks for a locked login, a third for a locked one from a known network, a third for one that is not locked',
        `HTTP: as many, ${CONNECTIONS} at a time, each over a connection of its own, as nginx asks`,
        'a third is of nobody, a third of a user with a password, a third with a token; the end of none is told',
      ],
    };
  } finally {
    const gone = once(server, 'exit');
    server.disconnect();
    await gone;
  }
}

interface Measured {
  /** Of the gate's process. */
  readonly cpuSeconds: number;
  readonly seconds: number;
  /** How long each answer took, in milliseconds. */
  readonly times: readonly number[];
  readonly resident: number;
}

async function measure(server: ChildProcess, run: (count: number) => Promise<number[]>): Promise<Measured> {
  await run(WARM_UP);
  const before = await usage(server);
  const start = performance.now();
  const times = await run(REQUESTS);
  const seconds = (performance.now() - start) / 1_000;
  const { cpu, resident } = await usage(server);
  const cpuSeconds = (cpu.user + cpu.system - before.cpu.user - before.cpu.system) / 1e6;
  return { cpuSeconds, seconds, times, resident };
}

function measures(id: string, what: string, { cpuSeconds, seconds, times }: Measured, aim: number): Measure[] {
  return [
    {
      id: `${id}.requests`,
      what: `${what} in a second of one core`,
      value: REQUESTS / cpuSeconds,
      unit: '/s',
      aim: { kind: 'at least', value: aim },
    },
    {
      id: `${id}.wall`,
      what: 'in a second, while the clients use the machine too',
      value: REQUESTS / seconds,
      unit: '/s',
    },
    { id: `${id}.p50`, what: 'half are answered within', value: percentile(times, 50), unit: 'ms' },
    {
      id: `${id}.p99`,
      what: '99 of 100 within',
      value: percentile(times, 99),
      unit: 'ms',
      aim: { kind: 'under', value: 10 },
    },
  ];
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

/** Asks so often, each time over a new connection. */
async function askHttp(port: number, count: number, random: Random): Promise<number[]> {
  const times: number[] = [];
  let left = count;
  const askOn = async (): Promise<void> => {
    while (left-- > 0) times.push(await askOnce(port, httpQuestion(random, left)));
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, askOn));
  return times;
}

function askOnce(port: number, text: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const start = performance.now();
    const socket = connect({ host: '127.0.0.1', port, noDelay: true }, () => socket.write(text));
    let answer = '';
    socket.setEncoding('latin1').on('data', (data: string) => {
      answer += data;
    });
    socket.on('error', reject);
    socket.on('end', () => {
      if (/^HTTP\/1\.1 (?:204|401|403) /.test(answer)) resolve(performance.now() - start);
      else reject(new Error(`Cannot ask the gate: it said ${answer}`));
    });
  });
}

/** A request as nginx sends it with what `tailban export nginx` writes. */
function httpQuestion(random: Random, id: number): string {
  const { locks, pairs } = POPULATION;
  const user = random.below(locks);
  const credentials = [
    [],
    [`Authorization: Basic ${Buffer.from(`free${user}@example.org:password`).toString('base64')}`],
    [`Authorization: Bearer token-of-user-${user}`],
  ][random.below(3)];
  return [
    'GET /auth-request HTTP/1.0',
    ...(credentials ?? []),
    `X-Forwarded-For: ${addressOf(random.below(pairs))}`,
    'X-Original-URI: /jmap/api',
    'X-Original-Method: POST',
    `X-Request-ID: ${random.below(2 ** 30).toString(16)}${id.toString(16)}`,
    'X-API-Key: key-of-the-bench',
    'Host: 127.0.0.1:4002',
    'Connection: close',
    '',
    '',
  ].join('\r\n');
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
