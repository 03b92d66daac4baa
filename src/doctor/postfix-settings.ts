/** The settings of Postfix, as postconf(1) prints them: those of main.cf and those of single services in master.cf. */
import { type Host, output } from './host.ts';

export interface PostfixSettings {
  /** With defaults; empty for what this version does not know. */
  get(name: string): string;
  /** The values that a setting has anywhere: in main.cf, or for a service. */
  everywhere(name: string): readonly string[];
  /** Everything that is written in either file. */
  readonly written: string;
}

/** Null where there is no Postfix. */
export async function postfixSettings(host: Host, names: readonly string[]): Promise<PostfixSettings | null> {
  const [effective, main, services] = await Promise.all([
    output(host, 'postconf', ...names),
    output(host, 'postconf', '-n'),
    output(host, 'postconf', '-P'),
  ]);
  if (effective === null) return null;
  const values = new Map(pairs(effective));
  const ofServices = pairs(services ?? '').map(([key, value]) => [key.split('/').at(-1) ?? '', value] as const);
  return {
    get: (name) => values.get(name) ?? '',
    everywhere: (name) => [
      values.get(name) ?? '',
      ...ofServices.filter(([key]) => key === name).map(([, value]) => value),
    ],
    written: `${main ?? ''}\n${services ?? ''}`,
  };
}

function pairs(text: string): (readonly [string, string])[] {
  return text.split('\n').flatMap((line) => {
    const at = line.indexOf(' =');
    return at < 0 ? [] : [[line.slice(0, at), line.slice(at + 2).trim()] as const];
  });
}
