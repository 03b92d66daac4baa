/**
 * An access log that tells everything that the rates of requests can use: combined, which other programs read as well, and
 * behind it the duration, the id of the request, the kind of credentials, and on whose behalf a proxy asked.
 * `filters/web-access.toml` reads it. What a client sent stands between quotation marks, and both servers escape those
 * inside, so that no text can forge a field. Of the header Authorization only the first word is written.
 */

/** For the http{} context; `access_log /var/log/nginx/access.log tailban;` uses it. */
export const NGINX_LOG_FORMAT = `map $http_authorization $tailban_auth {
    default "-";
    "~^(?<tailban_scheme>[A-Za-z]{1,16}) " $tailban_scheme;
}
log_format tailban '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent '
                   '"$http_referer" "$http_user_agent" took=\${request_time}s id=$request_id auth=$tailban_auth '
                   'xff="$http_x_forwarded_for" forwarded="$http_forwarded"';
`;

/**
 * For the server or a virtual host; `CustomLog /var/log/apache2/access.log tailban` uses it. Needs mod_setenvif; with
 * mod_unique_id a request has an id. `%a` and not `%{c}a`: mod_remoteip takes out of X-Forwarded-For what it has used of it.
 */
export const APACHE_LOG_FORMAT = String.raw`SetEnvIf Authorization "^([A-Za-z]{1,16}) " TAILBAN_AUTH=$1
LogFormat "%a - %u %t \"%r\" %>s %B \"%{Referer}i\" \"%{User-Agent}i\" took=%Dus id=%{UNIQUE_ID}e auth=%{TAILBAN_AUTH}e xff=\"%{X-Forwarded-For}i\" forwarded=\"%{Forwarded}i\"" tailban
`;
