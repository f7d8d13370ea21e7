import { strict as assert } from "node:assert";
import { test } from "node:test";
import { MocapClient, defaultUrl } from "../../web/mocap.js";

/** A WebSocket whose other side is the test. */
class PlayedSocket extends EventTarget {
    static made = [];
    sent = [];
    readyState = 1;

    constructor(url, protocol) {
        super();
        Object.assign(this, { url, protocol });
        PlayedSocket.made.push(this);
    }

    send(text) {
        this.sent.push(JSON.parse(text));
    }

    close() {
        this.dispatchEvent(new Event("close"));
    }

    open() {
        this.dispatchEvent(new Event("open"));
    }

    say(message) {
        this.dispatchEvent(Object.assign(new Event("message"), { data: JSON.stringify(message) }));
    }
}

function begin() {
    PlayedSocket.made = [];
    const client = new MocapClient("ws://test/ws", { WebSocket: PlayedSocket });
    return { client, socket: PlayedSocket.made[0] };
}

test("messages become events, and the newest stays", () => {
    const { client, socket } = begin();
    const heard = [];
    for (const type of ["hello", "state", "record", "link"]) {
        client.addEventListener(type, ({ detail }) => heard.push([type, detail.seq ?? detail.state ?? detail]));
    }
    assert.deepEqual([socket.url, socket.protocol], ["ws://test/ws", "mocap"]);
    socket.open();
    socket.say({ type: "hello", streams: ["a"] });
    socket.say({ type: "state", stream: "a", state: "live" });
    socket.say({ type: "motion", stream: "a", seq: 7, faces: [] });
    socket.say({ type: "of a later version" });
    socket.say({ type: "end", stream: "a", state: "ended" });
    assert.deepEqual(heard.map(([type]) => type), ["link", "hello", "state", "record", "state"]);
    assert.equal(client.newest.get("a").seq, 7);
    assert.equal(client.states.get("a").state, "ended");
    client.close();
});

test("the stage is said at once, and again after a hello", () => {
    const { client, socket } = begin();
    const stages = (of) => of.sent.filter(({ type }) => type === "stage");
    socket.open();
    socket.say({ type: "hello", streams: ["a", "b"] });
    assert.deepEqual(stages(socket), [], "who says nothing gets everything");
    client.setStage("b");
    client.setStage(null);
    assert.deepEqual(stages(socket), [{ type: "stage", stream: "b" }, { type: "stage" }]);
    client.setStage("a");
    socket.say({ type: "hello", streams: ["a"] }); // of another mocapd
    assert.deepEqual(stages(socket).slice(2), [{ type: "stage", stream: "a" }, { type: "stage", stream: "a" }]);
    socket.readyState = 3;
    client.setStage("b"); // not sent, and no error
    assert.equal(stages(socket).length, 4);
    client.close();
});

test("latency comes from comparing clocks", () => {
    const { client, socket } = begin();
    assert.equal(client.latencyMs({ t_arrival_ns: 0 }), undefined);
    socket.open();
    const [{ type, id }] = socket.sent;
    assert.equal(type, "ping");
    const theirsMs = 5000;
    socket.say({ type: "pong", id, t_ns: theirsMs * 1e6 });
    const latency = client.latencyMs({ t_arrival_ns: (theirsMs - 30) * 1e6 });
    assert.ok(latency > 29 && latency < 20000, `${latency} ms`);
    socket.say({ type: "pong", id: 999, t_ns: 1 }); // nobody asked
    assert.ok(client.latencyMs({ t_arrival_ns: (theirsMs - 30) * 1e6 }) < 20000);
    client.close();
});

test("a lost connection is made again, a closed one is not", async () => {
    const { client, socket } = begin();
    socket.open();
    socket.close();
    await new Promise((resolve) => {
        const timer = setInterval(() => {
            if (PlayedSocket.made.length === 2) {
                clearInterval(timer);
                resolve();
            }
        }, 5);
    });
    client.close();
    assert.equal(PlayedSocket.made.length, 2);
});

test("a server that accepts and closes is asked less and less often", () => {
    const { setTimeout } = globalThis;
    const timers = [];
    globalThis.setTimeout = (callback, ms) => timers.push({ callback, ms });
    try {
        const { client } = begin();
        for (const waitMs of [250, 500, 1000, 2000, 4000, 4000]) {
            PlayedSocket.made.at(-1).open();
            PlayedSocket.made.at(-1).close();
            const { callback, ms } = timers.pop();
            assert.equal(ms, waitMs);
            callback();
        }
        client.close();
    } finally {
        globalThis.setTimeout = setTimeout;
    }
});

test("what is no message is an error event, and the next message arrives", () => {
    const { client, socket } = begin();
    const errors = [];
    let records = 0;
    client.addEventListener("error", ({ detail }) => errors.push(detail));
    client.addEventListener("record", () => records++);
    socket.open();
    for (const data of ["{", "null", "7", "[]", '{"type":7}']) {
        socket.dispatchEvent(Object.assign(new Event("message"), { data }));
    }
    socket.say({ type: "motion", stream: "a", seq: 1, faces: [] });
    assert.equal(errors.length, 5);
    assert.ok(errors.every((error) => error instanceof Error));
    assert.equal(records, 1);
    client.close();
});

test("records can be awaited: a slow loop gets the newest", async () => {
    const { client, socket } = begin();
    const seen = [];
    const reading = (async () => {
        for await (const { seq } of client.records("a")) {
            seen.push(seq);
        }
    })();
    for (const seq of [1, 2, 3]) {
        socket.say({ type: "motion", stream: "b", seq: 10 * seq });
        socket.say({ type: "motion", stream: "a", seq });
    }
    await new Promise(setImmediate);
    socket.say({ type: "motion", stream: "a", seq: 4 });
    await new Promise(setImmediate);
    client.close();
    await reading;
    assert.deepEqual(seen, [3, 4]);
});

test("requests get their own replies, and refusals are errors", async () => {
    const { client, socket } = begin();
    socket.open();
    const first = client.request("t", { type: "calibrate", stream: "a" });
    const second = client.request("t", { type: "settings", stream: "a" });
    const [one, two] = socket.sent.slice(-2);
    assert.deepEqual([one.type, one.token, one.request.type, two.request.type], ["control", "t", "calibrate", "settings"]);
    socket.say({ type: "error", id: two.id, code: "forbidden", message: "no" });
    socket.say({ type: "calibrated", id: one.id, faces: 1 });
    assert.equal((await first).faces, 1);
    await assert.rejects(second, { message: "no", code: "forbidden" });
    const lost = client.request("t", { type: "settings", stream: "a" });
    socket.close();
    await assert.rejects(lost, { code: "offline" });
    client.close();
});

test("the socket is beside the page", () => {
    const { document } = globalThis;
    for (const [page, socket] of [["http://h:1/", "ws://h:1/ws"], ["https://h/mocap/?obs=1#x", "wss://h/mocap/ws"], ["http://h/a/index.html", "ws://h/a/ws"]]) {
        globalThis.document = { baseURI: page };
        assert.equal(defaultUrl(), socket);
    }
    globalThis.document = document;
});
