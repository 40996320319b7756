/**
 * Requests to our server. Every failure becomes one HttpFault whose code says what happened; no page texts.
 */

/** Codes for answers that carry no problem document (RFC 9457), by status. @type {Record<number, string>} */
const CODES = { 404: "not_found", 413: "too_large", 429: "busy" };

export class HttpFault extends Error {
  /**
   * @param {string} message for the console
   * @param {{code: string, status?: number|null, detail?: string, retry_after_s?: number}} fields
   */
  constructor(message, { code, status = null, detail = "", retry_after_s = 0 }) {
    super(message);
    this.name = "HttpFault";
    /** The server's code, such as "busy" or "bad_request"; "unreachable" if it gave no answer of its own. */
    this.code = code;
    /** HTTP's, null without any answer. */
    this.status = status;
    /** The server's own words, in English. */
    this.detail = detail;
    /** Seconds until the server wants to be asked again, 0 if it did not say. */
    this.retry_after_s = retry_after_s;
  }
}

/**
 * @param {string} url
 * @param {RequestInit & {json?: unknown, timeout_ms?: number}} [options] `json` is sent as the body
 * @returns {Promise<Response>} with an OK status
 * @throws {HttpFault}
 */
export async function request(url, { json, timeout_ms, headers, ...options } = {}) {
  const response = await fetch(url, {
    ...options,
    headers: json === undefined ? headers : { "Content-Type": "application/json", ...headers },
    ...(json !== undefined && { body: JSON.stringify(json) }),
    ...(timeout_ms !== undefined && { signal: AbortSignal.timeout(timeout_ms) }),
  }).catch((cause) => {
    throw new HttpFault(`Expected an answer from ${url}, got none (${cause}).`, { code: "unreachable" });
  });
  if (!response.ok) {
    throw await faultOf(url, response);
  }
  return response;
}

/**
 * @param {string} url
 * @param {Parameters<typeof request>[1]} [options]
 * @returns {Promise<any>} the answer's JSON
 * @throws {HttpFault}
 */
export async function requestJson(url, options) {
  const response = await request(url, options);
  return response.json().catch(() => {
    throw new HttpFault(`Expected JSON from ${url}, got something else.`, { code: "unreachable", status: response.status });
  });
}

/** @param {string} url @param {Response} response */
async function faultOf(url, response) {
  const { status } = response;
  // A proxy's error page is no answer of our server.
  const problem = await response.json().catch(() => ({}));
  const code = typeof problem?.code === "string" ? problem.code : CODES[status] ?? "unreachable";
  const detail = typeof problem?.detail === "string" ? problem.detail : "";
  const retry_after_s = Number(response.headers.get("Retry-After")) || 0;
  return new HttpFault(`Expected ${url}, got status ${status}.`, { code, status, detail, retry_after_s });
}
