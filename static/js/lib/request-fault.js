/**
 * What the page says when a request failed.
 */

/** The request itself is at fault: another picture, another text may do. */
const REFUSED = ["bad_frame", "bad_request", "too_large", "too_small"];
const BUSY = ["busy", "full"];

/**
 * @param {import("./http.js").HttpFault} fault
 * @param {import("../types.js").Translate} t
 * @param {string} refused key of the text for a request that the server does not accept
 * @param {string} [language] the page's
 * @returns {string}
 */
export function faultText({ code, detail }, t, refused, language = document.documentElement.lang) {
  if (REFUSED.includes(code)) {
    // The server says what it expected and what came, but in English alone.
    return language === "en" && detail ? detail : t(refused);
  }
  return t(BUSY.includes(code) ? "fault.busy" : code === "server_fault" ? "fault.server" : "fault.unreachable");
}
