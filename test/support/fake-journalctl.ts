/**
 * Stands in for journalctl: prints the entries of a file, one JSON object a line, from where the arguments say, and
 * follows it. The folder comes with the environment; process id and arguments are left there for the test.
 */
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const folder = process.env['FAKE_JOURNAL'] ?? '';
const entries = join(folder, 'journal.jsonl');
const args = process.argv.slice(2);
const after = argument('--after-cursor');
const since = Number(argument('--since')?.replace('@', '') ?? 0);

writeFileSync(join(folder, 'journalctl.pid'), String(process.pid));
appendFileSync(join(folder, 'journalctl.calls'), `${args.join(' ')}\n`);

let printed = 0;
let passed = after === undefined;

function follow(): void {
  const text = readFileSync(entries, 'utf8');
  const lines = text
    .slice(0, text.lastIndexOf('\n') + 1)
    .split('\n')
    .slice(0, -1);
  for (const line of lines.slice(printed)) {
    const entry = JSON.parse(line) as { readonly __CURSOR: string; readonly __REALTIME_TIMESTAMP: string };
    if (passed && Number(entry.__REALTIME_TIMESTAMP) >= since * 1e6) process.stdout.write(`${line}\n`);
    passed ||= entry.__CURSOR === after;
  }
  printed = lines.length;
}

function argument(option: string): string | undefined {
  return args.find((arg) => arg.startsWith(`${option}=`))?.slice(option.length + 1);
}

follow();
setInterval(follow, 30);
process.on('SIGTERM', () => process.exit(0));
