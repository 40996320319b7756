import assert from "node:assert/strict";
import test from "node:test";

import { faultCode } from "../../../static/js/live/camera.js";

test("what the browsers call a fault becomes one of ours", () => {
  assert.equal(faultCode("NotAllowedError"), "refused");
  assert.equal(faultCode("NotFoundError"), "none");
  assert.equal(faultCode("OverconstrainedError"), "none");
  assert.equal(faultCode("NotReadableError"), "in-use");
  assert.equal(faultCode("InvalidStateError"), "inactive");
  for (const name of ["SomethingNew", "AbortError", "TypeError", ""]) {
    assert.equal(faultCode(name), "unknown", "no cause is told that nobody tested");
  }
});
