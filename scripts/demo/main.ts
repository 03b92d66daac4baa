/**
 * The demonstration (`npm run demo`): tells, step by step, how three attackers are shut out of a mail server and two honest
 * users are not, and checks every step. Ends with 0 only if everything happened as told.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { ATTACKERS, CLIENTS, FORGER, GUESSER, HOPPER, USER, WANTED_LOGIN } from './clients.ts';
import { expectSame, Unexpected } from './expectation.ts';
import { EVENTS, scenes, writeLine } from './mail-log.ts';
import { Screen } from './screen.ts';
import { type Network, PATIENCE, type Stage, setStage } from './stage.ts';
import { Tailban } from './tailban.ts';

/** What every step works with. */
interface Act {
  readonly screen: Screen;
  readonly stage: Stage;
  readonly tailban: Tailban;
  /** Time to read, in milliseconds. */
  readonly rest: (duration: number) => Promise<void>;
}

const INTERRUPTED = 130;
const BAN_LIMIT = 10_000;

process.exitCode = await demonstrate(process.argv.includes('--quick'));

async function demonstrate(isQuick: boolean): Promise<number> {
  const screen = new Screen(process.stdout);
  const interruption = new AbortController();
  const { signal } = interruption;
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => interruption.abort());
  // Nobody reads any more: no reason to leave anything behind.
  process.stdout.on('error', () => interruption.abort());
  const startedAt = Date.now();
  const stage = await setStage();
  const tailban = new Tailban({
    configFile: stage.configFile,
    prefix: stage.network?.prefix ?? [],
    onLine: (line) => screen.daemon(line),
    signal,
  });
  const rest = async (duration: number): Promise<void> => {
    await pause(isQuick ? 0 : duration, undefined, { signal });
  };
  let problem: unknown = null;
  try {
    await play({ screen, stage, tailban, rest });
  } catch (error) {
    problem = error;
  }
  await tailban.stop();
  await stage.clear();
  if (signal.aborted) {
    screen.end(['Interrupted; everything is stopped and removed again'], false);
    return INTERRUPTED;
  }
  return finish(screen, stage, problem, Math.round((Date.now() - startedAt) / 1_000));
}

function finish(screen: Screen, { network }: Stage, problem: unknown, seconds: number): number {
  if (problem === null) {
    const proof = network === null ? 'in the records only: nothing blocked' : 'proven with real packets';
    screen.end(
      [
        `As told: 3 attackers out, 2 honest users never touched, ${proof} (${seconds} s)`,
        'Nothing is left behind. How to run it on a mail host: README.md, "Quick start"',
      ],
      true,
    );
    return 0;
  }
  const lines =
    problem instanceof Unexpected
      ? [`Not as told: ${problem.message}`, `  expected: ${problem.expected}`, `  found:    ${problem.found}`]
      : [`Not as told: ${problem instanceof Error ? (problem.stack ?? problem.message) : String(problem)}`];
  screen.end(lines, false);
  return 1;
}

async function play(act: Act): Promise<void> {
  const { network } = act.stage;
  await introduce(act);
  await start(act);
  if (network !== null) await probeBefore(act, network);
  await attack(act);
  await showList(act);
  if (network !== null) await probeBanned(act, network);
  await showStatus(act);
  await unban(act);
  await stop(act);
}

async function introduce({ screen, stage, rest }: Act): Promise<void> {
  screen.heading('A mail host for one minute');
  if (stage.network === null) {
    screen.say(`There is no firewall here: ${stage.reason}.`);
    screen.say('So tailban only records its bans (backend "none"): nothing is blocked, no connection is tried.');
  } else {
    screen.say(`Two network namespaces: the mail server (${stage.network.server}) and its clients.`);
    screen.say('The network and the firewall of this machine stay as they are.');
  }
  screen.say(`Log, database and configuration lie in ${stage.folder}.`);
  await rest(3_500);
}

async function start({ screen, stage, tailban, rest }: Act): Promise<void> {
  screen.heading('tailban starts: five failed logins in ten minutes are too many here');
  screen.say(`$ tailban --config ${stage.configFile} run`);
  await tailban.start();
  await rest(4_000);
}

async function probeBefore({ screen, rest }: Act, network: Network): Promise<void> {
  screen.heading('Everybody can connect to the mail server so far');
  for (const [client, result] of await probeAll(network)) {
    screen.row(client.address, client.about, result, result === 'connected');
    expectSame(`${client.address} connects before anything has happened`, result, 'connected');
  }
  await rest(3_000);
}

async function attack({ screen, stage, tailban, rest }: Act): Promise<void> {
  screen.heading('Mail traffic: the log grows, and tailban reads along');
  for (const [index, { remark, lines }] of scenes().entries()) {
    await rest(900);
    if (index > 0) screen.blank();
    screen.say(remark);
    for (const line of lines) {
      await rest(450);
      screen.mail(writeLine(stage.mailLog, line, Date.now()));
    }
  }
  await expectBanned(tailban, [...ATTACKERS.map(({ subject }) => subject), WANTED_LOGIN]);
  await rest(2_000);
}

/** Waits for exactly these bans. */
async function expectBanned(tailban: Tailban, subjects: readonly string[]): Promise<void> {
  const expected = subjects.toSorted();
  for (const deadline = Date.now() + BAN_LIMIT; ; await pause(50)) {
    const bans = JSON.parse(await tailban.command('list', '--json')) as { subject: string }[];
    const found = bans.map(({ subject }) => subject).sort();
    if (JSON.stringify(found) === JSON.stringify(expected)) return;
    if (Date.now() > deadline) throw new Unexpected('The wrong subjects are banned', expected, found);
  }
}

async function showList({ screen, tailban, rest }: Act): Promise<void> {
  screen.heading('Who is banned, and why: the forger, and not Alice, whom its lines name');
  screen.command('tailban list');
  screen.output(await tailban.command('list'));
  await rest(6_000);
}

async function probeBanned({ screen, rest }: Act, network: Network): Promise<void> {
  screen.heading('The packets of the banned are dropped; everybody else gets through');
  for (const [client, result] of await probeAll(network)) {
    const expected = client.attacks ? 'timeout' : 'connected';
    screen.row(client.address, client.about, describe(result), result === 'connected');
    expectSame(`${client.address} tries to connect after the bans`, result, expected);
  }
  await rest(4_000);
}

async function probeAll(network: Network) {
  return Promise.all(CLIENTS.map(async (client) => [client, await network.probe(client.address)] as const));
}

function describe(result: string): string {
  return result === 'timeout' ? `dropped (no answer in ${PATIENCE / 1_000} s)` : result;
}

async function showStatus({ screen, tailban, rest }: Act): Promise<void> {
  screen.heading('How tailban is');
  screen.command('tailban status');
  screen.output(await tailban.command('status'));
  const { events } = JSON.parse(await tailban.command('status', '--json')) as { events: Record<string, number> };
  const { authentication, success } = events;
  expectSame('Failed and good logins are counted once each', { authentication, success }, EVENTS);
  await rest(6_000);
}

async function unban({ screen, stage, tailban, rest }: Act): Promise<void> {
  screen.heading(`The admin lets ${GUESSER.address} in again`);
  screen.command(`tailban unban ${GUESSER.address}`);
  screen.output(await tailban.command('unban', GUESSER.address));
  await expectBanned(tailban, [FORGER.subject, HOPPER.subject, WANTED_LOGIN]);
  if (stage.network !== null) {
    const result = await stage.network.probe(GUESSER.address);
    screen.row(GUESSER.address, 'tries to connect again', describe(result), result === 'connected');
    expectSame(`${GUESSER.address} connects after it was let in`, result, 'connected');
  }
  await rest(3_500);
}

async function stop(act: Act): Promise<void> {
  const { screen, stage, tailban, rest } = act;
  screen.heading('tailban stops; the bans go on');
  expectSame('tailban stops when it is told to', await tailban.stop(), 'exit code 0');
  if (stage.network === null) return restart(act);
  screen.blank();
  screen.command('nft list table inet tailban | grep expires');
  const held = (await stage.network.nft('list', 'table', 'inet', 'tailban')).split('\n').filter(holdsBan);
  screen.output(held.map((line) => line.trim()).join('\n'));
  const [result, honest] = await Promise.all([FORGER, USER].map(({ address }) => stage.network?.probe(address)));
  screen.row(FORGER.address, FORGER.about, describe(String(result)), false);
  screen.row(USER.address, USER.about, describe(String(honest)), true);
  expectSame('The kernel holds the two bans that are left', held.length, 2);
  expectSame(`${FORGER.address} tries to connect to a host without a running tailban`, result, 'timeout');
  expectSame(`${USER.address} connects to a host without a running tailban`, honest, 'connected');
  await rest(3_000);
}

function holdsBan(line: string): boolean {
  return line.includes(' expires ');
}

/** Where there is no kernel to hold the bans, the database shows that it does. */
async function restart({ screen, tailban, rest }: Act): Promise<void> {
  screen.say('A kernel with a firewall would hold them. Here the database does, so tailban starts once more:');
  await tailban.start();
  await expectBanned(tailban, [FORGER.subject, HOPPER.subject, WANTED_LOGIN]);
  screen.command('tailban list');
  screen.output(await tailban.command('list'));
  await rest(3_000);
}
