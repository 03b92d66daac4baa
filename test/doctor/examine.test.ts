import assert from 'node:assert/strict';
import { test } from 'node:test';
import { reportLines } from '../../src/cli/doctor/report.ts';
import { CHECKS } from '../../src/doctor/checks/all.ts';
import { examine } from '../../src/doctor/examine.ts';
import { type Finding, ok, problem, word, worstOf } from '../../src/doctor/finding.ts';
import type { Check } from '../../src/doctor/situation.ts';
import { ended, FORBIDDEN, fakeHost, situation } from './fake-host.ts';

test('a check that throws or hangs is told and keeps none of the others from being told', async () => {
  const checks: readonly Check[] = [
    { name: 'good', examine: async () => [ok('Fine')] },
    {
      name: 'broken',
      examine: async () => {
        throw new Error('out of luck');
      },
    },
    { name: 'hanging', examine: () => new Promise(() => {}) },
  ];
  const found = await examine(checks, fakeHost(), await situation(), 20);
  assert.deepEqual(
    found.map(({ check, severity, what }) => [check, severity, what]),
    [
      ['good', 'ok', 'Fine'],
      ['broken', 'warning', 'This could not be looked at: out of luck'],
      ['hanging', 'warning', 'This could not be looked at: it took longer than 0.02 seconds'],
    ],
  );
});

test('the worst finding decides', () => {
  assert.equal(worstOf([]), 'ok');
  assert.equal(worstOf([problem('a'), ok('b')]), 'problem');
});

test('every check comes to an end on a host where nothing is there, and where nothing may be seen', async () => {
  const nothing = await examine(CHECKS, fakeHost(), await situation());
  assert.equal(nothing.filter(({ what }) => what.startsWith('This could not be looked at')).length, 0);
  const closed = {
    ...fakeHost({ processes: ['qmgr', 'dovecot', 'exim4', 'stalwart', 'container:dovecot'], uid: 1000 }),
    run: async () => ended(1, 'Permission denied'),
    read: async () => FORBIDDEN,
    tail: async () => FORBIDDEN,
    stat: async () => FORBIDDEN,
    list: async () => FORBIDDEN,
    glob: async () => FORBIDDEN,
    space: async () => FORBIDDEN,
    damage: async () => FORBIDDEN,
  };
  const toml =
    '[source.mail]\nfiles = ["/var/log/mail.log"]\n[source.journal]\njournal = true\n[exim.deny-file]\nlogins = "/etc/x"';
  const hidden = await examine(CHECKS, closed, await situation(toml));
  assert.equal(hidden.filter(({ what }) => what.startsWith('This could not be looked at')).length, 0);
  // What cannot be seen is no reason for an alarm.
  assert.deepEqual(
    [...new Set(hidden.filter(({ severity }) => severity === 'problem').map(({ check }) => check))],
    ['daemon', 'containers'],
  );
});

test('words of a shell are quoted where they have to be', () => {
  assert.equal(word('/var/log/mail.log'), '/var/log/mail.log');
  assert.equal(word("it's $(here)"), `'it'\\''s $(here)'`);
});

const FINDINGS: readonly Finding[] = [
  {
    check: 'daemon',
    severity: 'problem',
    what: 'It does not run',
    fix: { where: 'as root', lines: ['systemctl start tailban'] },
  },
  { check: 'clock', severity: 'ok', what: 'The clock is right', fix: null },
  { check: 'logins', severity: 'warning', what: 'Nothing carries out the lock of a login', fix: null },
];
const text = (findings: readonly Finding[], isRoot: boolean, width: number | null): string =>
  reportLines(findings, { isRoot, width })
    .map((line) => (typeof line === 'string' ? line : line.text))
    .join('\n');

test('the report ends with the worst, and lines to paste are never broken', () => {
  assert.equal(
    text(FINDINGS, false, 36),
    `In order
  ✓ clock      The clock is right

Warnings
  ! logins     Nothing carries out
               the lock of a login

Problems
  ✗ daemon     It does not run
               as root:
                 systemctl start tailban

Not everything can be seen by this user: sudo tailban doctor

1 problem and 1 warning to see to`,
  );
});

test('the last line says how it stands', () => {
  const last = (findings: readonly Finding[]) => text(findings, true, null).split('\n').at(-1);
  assert.equal(last(FINDINGS.slice(1)), '1 warning, no problem');
  assert.equal(last(FINDINGS.slice(1, 2)), 'All is well');
  assert.equal(last(FINDINGS.slice(0, 1)), '1 problem to see to');
});
