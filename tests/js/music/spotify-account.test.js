import assert from "node:assert/strict";
import { afterEach, test } from "node:test";

import { HttpFault } from "../../../static/js/lib/http.js";
import { accountFaultKey, SpotifyAccount } from "../../../static/js/music/spotify-account.js";

const real = globalThis.fetch;
afterEach(() => (globalThis.fetch = real));

/** Answers every request alike and keeps what was asked. */
function server(status, answer) {
  const asked = [];
  globalThis.fetch = async (url, options) => {
    asked.push([url, options]);
    return new Response(typeof answer === "string" ? answer : JSON.stringify(answer), { status });
  };
  return asked;
}

test("a request that changes something carries the token that the status gave", async () => {
  const asked = server(200, { available: true, connected: true, csrf: "abc", url: "there" });
  const account = new SpotifyAccount();
  assert.deepEqual(await account.status(), { available: true, connected: true });
  await account.save("A list", ["x"]);
  const [url, { method, headers, body }] = asked[1];
  assert.deepEqual([url, method, headers["X-CSRF-Token"]], ["api/v1/spotify/playlist", "POST", "abc"]);
  assert.deepEqual(JSON.parse(body), { name: "A list", ids: ["x"] });
});

test("a problem document becomes a fault with its code", async () => {
  server(409, { title: "Nothing plays.", code: "no_device" });
  await assert.rejects(new SpotifyAccount().play(["x"]), (fault) => fault instanceof HttpFault && fault.code === "no_device");
});

test("an answer that is none, or none at all, is a server that cannot be reached", async () => {
  server(502, "<html>");
  await assert.rejects(new SpotifyAccount().queue(["x"]), { code: "unreachable" });
  globalThis.fetch = async () => {
    throw new TypeError("no network");
  };
  await assert.rejects(new SpotifyAccount().disconnect(), { code: "unreachable" });
});

test("a fault has its own text, or that of a server that cannot be reached", () => {
  const messages = { "account.fault.no_device": "…", "account.fault.unreachable": "…" };
  const key = (code) => accountFaultKey(new HttpFault("", { code }), messages);
  assert.deepEqual([key("no_device"), key("busy")], ["account.fault.no_device", "account.fault.unreachable"]);
});
