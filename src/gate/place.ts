/** Where a gate listens. */

/** An address and port, or a unix socket. */
export type Place = { readonly host: string; readonly port: number } | { readonly path: string };

/** As an admin writes it. */
export function addressOf(place: Place): string {
  if ('path' in place) return `unix:${place.path}`;
  return place.host.includes(':') ? `[${place.host}]:${place.port}` : `${place.host}:${place.port}`;
}
