/** Addresses of web pages, by the URL Standard and the rules for names of hosts. */

/** Name of a host or an IPv4 address. Source: RFC 1123, section 2.1. */
const HOST = /^(?=.{1,253}$)[a-z\d]([a-z\d-]{0,61}[a-z\d])?(\.[a-z\d]([a-z\d-]{0,61}[a-z\d])?)*$/;

/** Parses an address that a page may have: with https, or with http on localhost. */
function parsed(text: string): URL | undefined {
  if (!URL.canParse(text)) return undefined;
  const url = new URL(text);
  const isSafe = url.protocol === 'https:' || `${url.protocol}${url.hostname}` === 'http:localhost';
  return isSafe && HOST.test(url.hostname) ? url : undefined;
}

/**
 * Returns `true` if a browser may send this text as `Origin`. API Gateway compares the texts. So an
 * upper-case letter, a port that the scheme implies, or a path would never match. Source: Fetch
 * Standard, Origin header; API Gateway, CORS for HTTP APIs.
 */
export function isOrigin(text: string): boolean {
  return parsed(text)?.origin === text;
}

/** Returns `true` if Cognito may send a user back to this address, with a result in its query. */
export function isCallbackUrl(text: string): boolean {
  const url = parsed(text);
  return url !== undefined && !/[\s#]/.test(text) && url.username === '' && url.password === '';
}
