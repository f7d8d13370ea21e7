import { strict as assert } from "node:assert";
import { test } from "node:test";
import { obsAddress, readAddress } from "../../web/address.js";

const read = (text) => readAddress(new URL(text, "http://h/"));

test("an address may say nothing", () => {
    assert.deepEqual(read("/"), { isObs: false, avatar: undefined, model: undefined, isMirror: undefined, stream: undefined, face: undefined });
});

test("an address says what to show", () => {
    assert.deepEqual(read("/?obs=1&avatar=model:A:B&mirror=0&stream=desk&face=left"), { isObs: true, avatar: "model", model: "A:B", isMirror: false, stream: "desk", face: "left" });
    assert.equal(read("/?obs=0").isObs, false);
    assert.equal(read("/?mirror=1").isMirror, true);
});

test("the address for a browser source keeps the path and leaves out the token", () => {
    const page = new URL("https://s.example/mocap/?avatar=fox#token=secret");
    const address = obsAddress(page, { avatar: "model", model: "Anna & co", isMirror: true, stream: "desk" });
    assert.ok(address.startsWith("https://s.example/mocap/?obs=1&"), address);
    assert.ok(!address.includes("secret"), address);
    assert.deepEqual(readAddress(new URL(address)), { isObs: true, avatar: "model", model: "Anna & co", isMirror: true, stream: "desk", face: undefined });
});
