/** The manual page `tailban.toml(5)`, made of the same schema as the configuration's checks. */
import { FORMS, WHERE } from '../../src/config/reference.ts';
import { SETTINGS } from '../../src/config/schema.ts';
import { type Section, sectionsOf } from '../../src/config/sections.ts';
import type { Setting } from '../../src/config/setting.ts';
import { tomlLiteral } from '../../src/config/toml.ts';
import { argument, display, head, list, markdown, prose, section, subsection } from './mdoc.ts';

const EXAMPLE = `
[server]
allowed-ip = ["192.0.2.0/24", "2001:db8::/32"]

[server.fail2ban]
authentication = "20/1h"
ban-time = "1d"

[source.mail]
files = ["/var/log/mail.log"]
filter = ["postfix", "dovecot"]
`;

export function renderSettingsPage(version: string): string {
  return [
    head('TAILBAN.TOML 5', version),
    section('NAME', '.Nm tailban.toml\n.Nd settings of tailban\n'),
    section('DESCRIPTION', markdown(WHERE)),
    section('VALUES', markdown(FORMS)),
    section('SETTINGS', sectionsOf(SETTINGS).map(settings).join('')),
    section(
      'FILES',
      list([
        ['Pa /etc/tailban/tailban.toml', ''],
        ['Pa /etc/tailban/tailban.d/*.toml', ''],
      ]),
    ),
    section('EXAMPLES', display(EXAMPLE.trim().split('\n'))),
    section('SEE ALSO', '.Xr tailban 8\n'),
  ].join('');
}

function settings({ path, meaning, settings: all }: Section): string {
  const items = all.map(({ key, setting }): [string, string] => [`Ic ${argument(key)}`, about(setting)]);
  return subsection(`[${path.join('.')}]`, `${prose(meaning)}${list(items)}`);
}

function about({ type, about: { meaning, example, fail2ban }, default: fallback }: Setting<unknown>): string {
  const facts = [
    `Value: ${type}`,
    fallback === undefined ? 'not set by default' : `by default \`${tomlLiteral(fallback)}\``,
    ...(example === undefined ? [] : [`for instance \`${tomlLiteral(example)}\``]),
    ...(fail2ban === undefined ? [] : [`in fail2ban \`${fail2ban}\``]),
  ];
  return `${prose(meaning.endsWith('.') ? meaning : `${meaning}.`)}${prose(`${facts.join('; ')}.`)}`;
}
