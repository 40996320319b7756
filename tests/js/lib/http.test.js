import assert from "node:assert/strict";
import { afterEach, test } from "node:test";

import { request, requestJson } from "../../../static/js/lib/http.js";

const real = globalThis.fetch;
afterEach(() => (globalThis.fetch = real));

/** Answers every request alike; keeps what was asked. */
function server(status, body, headers = {}) {
  const asked = [];
  globalThis.fetch = async (url, options) => {
    asked.push([url, options]);
    return new Response(typeof body === "string" ? body : JSON.stringify(body), { status, headers });
  };
  return asked;
}

test("JSON is sent as JSON, and its answer is parsed", async () => {
  const asked = server(200, { fine: true });
  assert.deepEqual(await requestJson("there", { method: "POST", json: { a: 1 }, headers: { "X-Token": "t" } }), { fine: true });
  const [[url, { method, body, headers }]] = asked;
  assert.deepEqual([url, method, body], ["there", "POST", '{"a":1}']);
  assert.deepEqual(headers, { "Content-Type": "application/json", "X-Token": "t" });
});

test("a problem document becomes a fault with its code, its words and how long to wait", async () => {
  server(503, { code: "full", detail: "Expected fewer." }, { "Retry-After": "7" });
  await assert.rejects(request("there"), { code: "full", status: 503, detail: "Expected fewer.", retry_after_s: 7 });
});

for (const [status, code] of [[404, "not_found"], [413, "too_large"], [429, "busy"], [502, "unreachable"]]) {
  test(`an answer with status ${status} that is no problem document has the code ${code}`, async () => {
    server(status, "<html>");
    await assert.rejects(request("there"), { code, status, detail: "", retry_after_s: 0 });
  });
}

test("no answer, one that is late, and one that is no JSON are a server that cannot be reached", async () => {
  server(200, "<html>");
  await assert.rejects(requestJson("there"), { code: "unreachable", message: "Expected JSON from there, got something else." });
  globalThis.fetch = async () => {
    throw new TypeError("no network");
  };
  await assert.rejects(request("there"), { code: "unreachable", status: null });
  globalThis.fetch = (_, { signal }) => new Promise((__, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
  const alive = setInterval(() => undefined, 1000); // timeouts of signals keep no process alive
  await assert.rejects(request("there", { timeout_ms: 5 }), { code: "unreachable", status: null });
  clearInterval(alive);
});
