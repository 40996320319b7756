import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";

import { HttpFault } from "../../../static/js/lib/http.js";
import { translator } from "../../../static/js/lib/i18n.js";
import { faultText } from "../../../static/js/lib/request-fault.js";

const messages = (language) => JSON.parse(readFileSync(new URL(`../../../static/messages/${language}.json`, import.meta.url), "utf8"));

function told(language, fields) {
  return faultText(new HttpFault("", fields), translator(messages(language)), "photo.refused", language);
}

for (const code of ["full", "busy", "bad_frame", "too_large", "bad_request", "server_fault", "unreachable", "not_found"]) {
  test(`${code} is told in German on a German page, whatever the server says`, () => {
    const text = told("de", { code, status: 503, detail: "Expected English." });
    assert.doesNotMatch(text, /Expected/);
    assert.ok(Object.values(messages("de")).includes(text));
  });
}

test("a full server and too many requests have one text", () => {
  const text = "Too many requests. Wait a moment and try again.";
  assert.deepEqual([told("en", { code: "full", detail: "Full." }), told("en", { code: "busy" })], [text, text]);
});

test("on an English page the server's words say what was wrong with a request", () => {
  assert.equal(told("en", { code: "bad_frame", detail: "Expected at least 32×32 pixels." }), "Expected at least 32×32 pixels.");
  assert.equal(told("en", { code: "bad_frame" }), "The server can’t read this file. Try another photo.");
});
