/** The limits on requests, and the gate in front of them: from what is written to what holds, and back. */
import type { RequestSettings } from '../core/settings.ts';
import type { Config, HttpConfig, LimitRule } from './config.ts';
import type { Settings } from './schema.ts';

type Written = Pick<Settings, 'authentication' | 'jmap' | 'http'>;

export function resolveRequests(
  { authentication, jmap, http }: Written,
  trustedProxies: RequestSettings['trustedProxies'],
  escalate: LimitRule | null,
): Config['requests'] {
  const rates = jmap['rate-limit'];
  return {
    authentication: authentication['rate-limit'],
    counts: authentication.counts,
    jmapAuthentication: rates.authentication,
    anonymous: rates.anonymous,
    account: rates.account,
    escalate,
    cacheSize: rates.cache.size,
    concurrentRequests: jmap.protocol.request['max-concurrent'],
    concurrentUploads: jmap.protocol.upload['max-concurrent'],
    paths: http.paths,
    loginPaths: http['login-paths'],
    uploadPaths: http['upload-paths'],
    lease: http.gate.lease,
    gated: http.gate.listen !== undefined,
    useForwarded: rates['use-forwarded'],
    forwardedHeader: http['forwarded-header'],
    trustedProxies,
  };
}

export function resolveHttp({ gate, 'deny-file': denyFile }: Settings['http']): HttpConfig {
  const { listen = null, key = null } = gate;
  const { path = null, format, reload = null } = denyFile;
  return { gate: { listen, key, accountHeader: gate['account-header'] ?? null }, denyFile: { path, format, reload } };
}

export function writtenRequests({ requests, http: { gate, denyFile } }: Config): Written {
  return {
    authentication: { 'rate-limit': requests.authentication, counts: requests.counts },
    jmap: {
      'rate-limit': {
        'use-forwarded': requests.useForwarded,
        authentication: requests.jmapAuthentication,
        anonymous: requests.anonymous,
        account: requests.account,
        cache: { size: requests.cacheSize },
      },
      protocol: {
        request: { 'max-concurrent': requests.concurrentRequests },
        upload: { 'max-concurrent': requests.concurrentUploads },
      },
    },
    http: {
      paths: requests.paths,
      'login-paths': requests.loginPaths,
      'upload-paths': requests.uploadPaths,
      'forwarded-header': requests.forwardedHeader,
      'deny-file': {
        path: denyFile.path ?? undefined,
        format: denyFile.format,
        reload: denyFile.reload ?? undefined,
      },
      gate: {
        listen: gate.listen ?? undefined,
        key: gate.key ?? undefined,
        'account-header': gate.accountHeader ?? undefined,
        lease: requests.lease,
      },
    },
  };
}
