/**
 * nginx asks tailban before it serves a request (ngx_http_auth_request_module): who is banned, locked, over a rate or runs
 * too much at once is refused exactly. Three parts: for the http{} context, a server block, and each location to guard.
 */
import { NGINX_LOG_FORMAT } from './access-log.ts';
import { entry, head } from './text.ts';

export interface NginxGate {
  /** Where tailban listens: `127.0.0.1:4002`, or `unix:/path`. */
  readonly address: string;
  readonly key: string | null;
  /** In lower case; null where nginx checks no accounts. */
  readonly accountHeader: string | null;
}

const STEPS = [
  'The end of a request is told by the access log, so tailban has to read it. Where it goes:',
  ' tailban export nginx --part gate-http     --output /etc/nginx/conf.d/tailban-gate.conf',
  ' tailban export nginx --part gate-server   --output /etc/nginx/snippets/tailban-gate-server.conf',
  ' tailban export nginx --part gate-location --output /etc/nginx/snippets/tailban-gate.conf',
  ' in the server block of the mail host:  include snippets/tailban-gate-server.conf;',
  ' in each location to be guarded:        include snippets/tailban-gate.conf;',
  'Then: nginx -t && systemctl reload nginx',
];

export function nginxGateHttp(version: string): string {
  return [
    head({
      what: 'nginx, the http{} context: an access log that tells which request has ended.',
      command: 'tailban export nginx --part gate-http',
      version,
      steps: STEPS,
    }),
    `\n${NGINX_LOG_FORMAT}`,
  ].join('');
}

export function nginxGateServer({ address, key, accountHeader }: NginxGate, version: string): string {
  const place = address.startsWith('unix:') ? `http://${address}:/auth-request` : `http://${address}/auth-request`;
  const secret = key === null ? [] : [`    proxy_set_header X-API-Key "${key}";`];
  const account =
    accountHeader === null
      ? []
      : [
          `    # http.gate.account-header: write the variable in which nginx has the account that it has checked itself.`,
          `    proxy_set_header ${accountHeader} "";`,
        ];
  return [
    head({
      what: 'nginx, a server block: where to ask, and how to refuse.',
      command: 'tailban export nginx --part gate-server',
      version,
      steps: STEPS,
    }),
    entry('What has ended is known from this log (http.gate); put the file into a [source] of tailban.', [
      'access_log /var/log/nginx/access.log tailban;',
    ]),
    entry(
      'http.gate.listen: what is asked. Only headers that nginx sets itself are sent; while tailban does not answer, everybody is served.',
      [
        'location = /_tailban {',
        '    internal;',
        `    proxy_pass ${place};`,
        '    proxy_pass_request_body off;',
        '    proxy_pass_request_headers off;',
        '    proxy_set_header Authorization $http_authorization;',
        '    proxy_set_header Forwarded $http_forwarded;',
        '    proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;',
        '    proxy_set_header X-Original-URI $request_uri;',
        '    proxy_set_header X-Original-Method $request_method;',
        '    proxy_set_header X-Request-ID $request_id;',
        ...account,
        ...secret,
        '    proxy_connect_timeout 1s;',
        '    proxy_send_timeout 1s;',
        '    proxy_read_timeout 2s;',
        '    error_page 500 502 503 504 =204 @tailban_open;',
        '}',
        'location @tailban_open {',
        '    return 204;',
        '}',
      ],
    ),
    entry('auth_request takes no 429, so tailban says in a header of its own that 429 is meant.', [
      'location @tailban_refused {',
      '    add_header Retry-After $tailban_retry always;',
      '    add_header RateLimit $tailban_rate always;',
      '    add_header RateLimit-Policy $tailban_policy always;',
      '    if ($tailban_status = 429) {',
      '        return 429;',
      '    }',
      '    return 403;',
      '}',
    ]),
  ].join('');
}

export function nginxGateLocation(version: string): string {
  return [
    head({
      what: 'nginx, a location that is guarded.',
      command: 'tailban export nginx --part gate-location',
      version,
      steps: STEPS,
    }),
    entry('Asks before it serves, and passes on what the answer says.', [
      'auth_request /_tailban;',
      'auth_request_set $tailban_status $upstream_http_x_tailban_status;',
      'auth_request_set $tailban_retry $upstream_http_retry_after;',
      'auth_request_set $tailban_rate $upstream_http_ratelimit;',
      'auth_request_set $tailban_policy $upstream_http_ratelimit_policy;',
      'error_page 403 @tailban_refused;',
      'add_header RateLimit $tailban_rate always;',
      'add_header RateLimit-Policy $tailban_policy always;',
    ]),
  ].join('');
}
