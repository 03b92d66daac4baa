/** What Prometheus is told. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Status } from '../../src/api/contract.ts';
import { parseSubject } from '../../src/core/subject.ts';
import type { Ban, BanCause } from '../../src/core/types.ts';
import { Metrics } from '../../src/metrics/metrics.ts';
import { fakeControl, NOW } from '../api/fake-control.ts';

function ban(text: string, since = NOW, cause: BanCause = 'authentication'): Ban {
  const subject = parseSubject(text);
  assert.ok(subject);
  return { subject, since, until: null, cause, reason: 'a reason', offence: 1, evidence: [] };
}

function measure(status: Partial<Status> = {}) {
  const clock = { now: NOW };
  const metrics = new Metrics({
    version: '1.2.3',
    status: () => ({ ...fakeControl().status(), ...status }),
    storeFailing: () => false,
    now: () => clock.now,
  });
  return { metrics, clock };
}

/** The samples by name and labels. */
async function samples(metrics: Metrics): Promise<Map<string, number>> {
  const lines = (await metrics.text()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ')))]),
  );
}

test('what the daemon counts anyway is read when somebody asks', async () => {
  const { metrics } = measure();
  const found = await samples(metrics);
  for (const [name, value] of [
    ['tailban_build_info{version="1.2.3"}', 1],
    ['tailban_lines_total{source="mail"}', 1_203_882],
    ['tailban_source_events_total{source="mail"}', 4190],
    ['tailban_source_up{source="mail"}', 1],
    ['tailban_source_up{source="extra"}', 0],
    ['tailban_source_lag_bytes{source="mail"}', 2_999_000],
    ['tailban_source_last_event_timestamp_seconds{source="mail"}', (NOW - 12_000) / 1000],
    ['tailban_events_total{kind="authentication"}', 3221],
    ['tailban_events_total{kind="success"}', 910],
    ['tailban_active_bans{type="login"}', 1],
    ['tailban_subjects_tracked', 1204],
    ['tailban_enforcer_queue_length{enforcer="nftables"}', 2],
    ['tailban_enforcer_failing{enforcer="nftables"}', 1],
    ['tailban_enforcer_failing{enforcer="Stalwart"}', 0],
    ['tailban_gate_listening{gate="Postfix policy service"}', 0],
    ['tailban_store_failing', 0],
    ['tailban_problems', 1],
    ['tailban_bans_total{cause="authentication",type="address"}', 0],
  ] as const)
    assert.equal(found.get(name), value, name);
  assert.ok((found.get('process_resident_memory_bytes') ?? 0) > 1_000_000);
  assert.deepEqual(new Set(found.keys()), new Set((await samples(metrics)).keys()), 'asking twice adds nothing');
  assert.equal((await samples(metrics)).get('tailban_lines_total{source="mail"}'), 1_203_882);
});

test('bans are counted by cause and type, ends by why, failures by enforcer', async () => {
  const { metrics } = measure();
  metrics.banned(ban('192.0.2.1'));
  metrics.banned(ban('192.0.2.2'));
  metrics.banned(ban('login:alice'));
  metrics.banned(ban('2001:db8::/64', NOW, 'manual'));
  metrics.ended('expired');
  metrics.failed('nftables');
  metrics.reloaded('refused');
  metrics.notified('ops', 'dropped', 9_000);
  const found = await samples(metrics);
  assert.equal(found.get('tailban_bans_total{cause="authentication",type="address"}'), 2);
  assert.equal(found.get('tailban_bans_total{cause="authentication",type="login"}'), 1);
  assert.equal(found.get('tailban_bans_total{cause="manual",type="network"}'), 1);
  assert.equal(found.get('tailban_bans_ended_total{why="expired"}'), 1);
  assert.equal(found.get('tailban_bans_ended_total{why="lifted"}'), 0);
  assert.equal(found.get('tailban_enforcer_failures_total{enforcer="nftables"}'), 1);
  assert.equal(found.get('tailban_reloads_total{result="refused"}'), 1);
  assert.equal(found.get('tailban_notifications_total{notifier="ops",result="dropped"}'), 9_000);
});

test('the time from the log line to the ban in force is known of what a limit has banned since the start, once somebody asks', async () => {
  const { metrics, clock } = measure();
  clock.now = NOW + 10_000;
  await metrics.text();
  metrics.applied('nftables', [
    { type: 'ban', ban: ban('192.0.2.1', NOW + 9_960) },
    { type: 'ban', ban: ban('192.0.2.2', NOW + 6_000) },
    { type: 'ban', ban: ban('192.0.2.3', NOW + 11_000) },
    { type: 'ban', ban: ban('192.0.2.4', NOW - 3_600_000) },
    { type: 'ban', ban: ban('192.0.2.5', NOW + 9_000, 'manual') },
    { type: 'unban', subject: ban('192.0.2.6').subject },
  ]);
  const found = await samples(metrics);
  assert.equal(found.get('tailban_ban_latency_seconds_count{enforcer="nftables"}'), 3);
  assert.equal(found.get('tailban_ban_latency_seconds_bucket{le="0.05",enforcer="nftables"}'), 2);
  assert.equal(found.get('tailban_ban_latency_seconds_bucket{le="5",enforcer="nftables"}'), 3);
});

test('a hundred thousand bans of as many logins make no new series', async () => {
  const { metrics } = measure();
  const before = (await metrics.text()).length;
  const start = performance.now();
  for (let i = 0; i < 100_000; i++) metrics.banned(ban(`login:"x",evil="${i}`));
  assert.ok(performance.now() - start < 5_000);
  assert.ok((await metrics.text()).length < before + 100);
});

test('every metric says what it is, by the rules of Prometheus for names', async () => {
  const { metrics } = measure();
  const text = await metrics.text();
  const types = [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)];
  assert.ok(types.length > 25);
  for (const [, name = '', type] of types) {
    assert.match(text, new RegExp(`^# HELP ${name} \\S.{9,}$`, 'm'));
    assert.match(name, /^(?:tailban|process)_[a-z_]+$/);
    assert.equal(name.endsWith('_total'), type === 'counter', name);
  }
});
