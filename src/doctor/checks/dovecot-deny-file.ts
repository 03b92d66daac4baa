/**
 * Whether a passdb of Dovecot's refuses those who stand in the deny file, and as the file is meant: a file for sparing
 * owners takes any password, which must not be a success. Part of the check `dovecot`.
 */
import type { DovecotBlock } from '../dovecot-settings.ts';
import { commands, inConfig, linesIn, type Observation, ok, problem, warning } from '../finding.ts';
import type { Host } from '../host.ts';
import type { Situation } from '../situation.ts';

const OWN = '/etc/dovecot/conf.d/10-auth.conf, before all other passdbs';
const RELOAD = 'systemctl reload dovecot';

export async function denyFile(
  host: Host,
  root: DovecotBlock,
  situation: Situation,
  version: string,
): Promise<Observation[]> {
  const { config, daemon } = situation;
  const { path, spareOwners } = config.dovecot.denyFile;
  if (path === null) return [];
  const passdbs = root.blocks.filter(({ type }) => type === 'passdb');
  const ours = passdbs.filter(({ settings }) => [...settings.values()].some((value) => value.includes(path)));
  const [first] = ours;
  const fix = linesIn(OWN, passdbFor(path, spareOwners, version), `${RELOAD}; see docs/dovecot-file.md`);
  if (first === undefined)
    return [
      problem(`Locked logins are written to ${path}, but no passdb of Dovecot's reads it: nobody is refused`, fix),
    ];
  const open = ours.find((passdb) => !isDenying(passdb) && !isReturning(passdb));
  if (open !== undefined && spareOwners)
    return [
      problem(
        `LOCKED LOGINS NEED NO PASSWORD: a passdb reads ${path} without result_success = return-fail. Switch spare-owners off at once, then put the passdb right`,
        fix,
      ),
    ];
  const found: Observation[] = [];
  if (open !== undefined)
    found.push(problem(`The passdb with ${path} has neither deny = yes nor result_success = return-fail`, fix));
  else if (spareOwners && ours.every(isDenying))
    found.push(
      warning(`Owners are to be spared, but the passdb with ${path} has deny = yes, which refuses them too`, fix),
    );
  else if (!spareOwners && !ours.some(isDenying))
    found.push(
      problem(
        `The passdb with ${path} has result_success = return-fail, which needs dovecot.deny-file.spare-owners = true: nobody is refused`,
        inConfig(situation, ['[dovecot.deny-file]', 'spare-owners = true']),
      ),
    );
  if (passdbs[0] !== first)
    found.push(warning(`The passdb with ${path} is not the first one: passwords are looked at before it`, fix));
  if (daemon.runs && !(await isThere(host, path)))
    found.push(problem(`There is no file ${path}, though tailban runs`, commands(`ls -ld ${path}`, 'tailban status')));
  return found.length > 0 ? found : [ok(`Dovecot refuses those who stand in ${path}`)];
}

/** A file that this user may not see is there for all we know. */
async function isThere(host: Host, path: string): Promise<boolean> {
  const facts = await host.stat(path);
  return facts.had || facts.lack !== 'missing';
}

function isDenying({ settings }: DovecotBlock): boolean {
  return settings.get('deny') === 'yes';
}

function isReturning({ settings }: DovecotBlock): boolean {
  return settings.get('result_success') === 'return-fail';
}

/** As docs/dovecot-file.md has it. */
function passdbFor(path: string, spareOwners: boolean, version: string): string[] {
  const refusing = spareOwners ? ['  result_success = return-fail', '  result_failure = continue'] : ['  deny = yes'];
  if (version.startsWith('2.3') || version === '')
    return [
      'passdb {',
      '  driver = passwd-file',
      `  args = username_format=%Lu ${path}`,
      ...refusing,
      '  auth_verbose = no',
      '}',
    ];
  return [
    'passdb tailban {',
    '  driver = passwd-file',
    `  passwd_file_path = ${path}`,
    '  auth_username_format = %{user | lower}',
    ...refusing,
    '}',
  ];
}
