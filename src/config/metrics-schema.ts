/** The table `[metrics]`: where Prometheus may ask, beside the socket of the API. */
import { endpoint } from './listen-forms.ts';
import { optional, table } from './setting.ts';

export const metrics = table('What Prometheus is told; the socket of the API has the same at /metrics.', {
  listen: optional(endpoint(), {
    meaning: 'Where Prometheus asks over HTTP; anybody who can connect may, so keep it on loopback',
    example: '127.0.0.1:9877',
  }),
});
