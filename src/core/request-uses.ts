/** Which windows a request counts in, and what they are called. Pure. */
import type { PathRules } from './paths.ts';
import type { RequestSettings } from './settings.ts';
import type { LoginTarget, Target } from './targets.ts';
import type { Limit, RateName } from './types.ts';

/** One window that a request counts in. */
export interface Use {
  readonly name: RateName;
  readonly limit: Limit;
  readonly key: string;
  /** Who is to blame. */
  readonly target: Target;
}

/** What is known of a request. */
interface Asked {
  readonly path: string;
  /** Its credentials were wrong. */
  readonly isDenied: boolean;
  readonly peer: Target;
  readonly login: LoginTarget | null;
  /** What tells an account apart where its login does not. */
  readonly credentials: string | null;
}

/** What the windows of different rates are told apart by; no name of a rate holds it. */
const SEPARATOR = ' ';

export function ratesOf(settings: RequestSettings): (readonly [RateName, Limit | null])[] {
  return [
    ['authentication', settings.authentication],
    ['jmap-authentication', settings.jmapAuthentication],
    ['anonymous', settings.anonymous],
    ['account', settings.account],
  ];
}

export function usesOf(
  { path, isDenied, peer, login, credentials }: Asked,
  { jmapAuthentication, anonymous, account, counts }: RequestSettings,
  { isLogin }: PathRules,
): Use[] {
  if (isDenied) return useOf('jmap-authentication', jmapAuthentication, peer.key, peer);
  if (isLogin(path))
    return counts === 'failures' ? [] : useOf('jmap-authentication', jmapAuthentication, peer.key, peer);
  if (login === null && credentials === null) return useOf('anonymous', anonymous, peer.key, peer);
  return useOf('account', account, credentials ?? login?.key ?? peer.key, login ?? peer);
}

/** None where the rate is off. */
export function useOf(name: RateName, limit: Limit | null, key: string, target: Target): Use[] {
  return limit === null ? [] : [{ name, limit, key: keyOf(name, key), target }];
}

export function keyOf(window: string, subject: string): string {
  return window + SEPARATOR + subject;
}

/** The window and the subject of such a key. */
export function partsOf(key: string): [window: string, subject: string] {
  const at = key.indexOf(SEPARATOR);
  return [key.slice(0, at), key.slice(at + 1)];
}
