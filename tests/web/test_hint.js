import { strict as assert } from "node:assert";
import { test } from "node:test";
import { hintOf } from "../../web/hint.js";

const web = (more) => ({ daemon: true, socket: "", reason: "", ...more });

test("while all is well there is no hint", () => {
    assert.equal(hintOf({ isOffline: false, web: web(), hello: { streams: ["a"] } }), null);
    assert.equal(hintOf({ isOffline: false, web: null, hello: null }), null, "nothing is known yet");
});

test("what is missing has its command", () => {
    assert.equal(hintOf({ isOffline: true }).command, "mocap-web");
    assert.equal(hintOf({ isOffline: false, web: web({ daemon: false }), hello: null }).command, "mocapd");
    const there = hintOf({ isOffline: false, web: web({ daemon: false, socket: "/s", reason: "Permission denied" }), hello: null });
    assert.equal(there.command, "mocapd --socket /s");
    assert.match(there.text, /Permission denied/);
    assert.match(hintOf({ isOffline: false, web: web(), hello: { streams: [] } }).command, /demo:/);
});

test("a refusal says why", () => {
    assert.match(hintOf({ isOffline: true, refusal: "use --origin" }).text, /use --origin/);
});
