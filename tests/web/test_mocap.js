import { strict as assert } from "node:assert";
import { test } from "node:test";

delete globalThis.CustomEvent; // Node.js 18 has none
const { MocapClient, defaultUrl } = await import("../../web/mocap.js");

/** A WebSocket whose other side is the test. As mocap-web it takes one request at a time. */
class PlayedSocket extends EventTarget {
    static made = [];
    sent = [];
    readyState = 1;
    #asked = null; // the request that is not answered yet

    constructor(url, protocol) {
        super();
        Object.assign(this, { url, protocol });
        PlayedSocket.made.push(this);
    }

    send(text) {
        const message = JSON.parse(text);
        this.sent.push(message);
        if (message.type === "control") {
            assert.equal(this.#asked, null, "the last request is not answered yet");
            this.#asked = message.id;
        }
    }

    close() {
        this.dispatchEvent(new Event("close"));
    }

    open() {
        this.dispatchEvent(new Event("open"));
    }

    say(message) {
        this.#asked = this.#asked === message.id ? null : this.#asked;
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

test("requests go one after the other, get their own replies, and refusals are errors", async () => {
    const { client, socket } = begin();
    const requests = () => socket.sent.filter(({ type }) => type === "control");
    socket.open();
    const first = client.request("t", { type: "calibrate", stream: "a" });
    const second = client.request("t", { type: "settings", stream: "a" });
    const third = client.request("t", { type: "settings", stream: "b" });
    assert.equal(requests().length, 1);
    const [{ type, token, request, id }] = requests();
    assert.deepEqual([type, token, request], ["control", "t", { type: "calibrate", stream: "a" }]);
    socket.say({ type: "calibrated", id, faces: 1 });
    assert.equal((await first).faces, 1);
    assert.equal(requests().length, 2);
    socket.say({ type: "error", id: requests()[1].id, code: "forbidden", message: "no" });
    await assert.rejects(second, { message: "no", code: "forbidden" });
    assert.deepEqual(requests()[2].request, { type: "settings", stream: "b" });
    const fourth = client.request("t", { type: "settings", stream: "c" });
    socket.close();
    await assert.rejects(third, { code: "offline" });
    await assert.rejects(fourth, { code: "offline" });
    assert.equal(requests().length, 3, "what is lost is not sent later");
    client.close();
});

test("a request without a reply does not keep back the next one, and its late reply is nobody's", async () => {
    const { setTimeout } = globalThis;
    let expire;
    globalThis.setTimeout = (callback) => (expire = callback);
    try {
        const { client, socket } = begin();
        socket.open();
        const first = client.request("t", { type: "settings", stream: "a" });
        const second = client.request("t", { type: "settings", stream: "b" });
        const { id } = socket.sent.at(-1);
        socket.say({ type: "of a later version" });
        // mocap-web gives up before the client does.
        socket.say({ type: "error", id, code: "other", message: "mocapd: no reply in time" });
        await assert.rejects(first, { code: "other" });
        socket.say({ type: "settings", id, stream: "a" });
        expire();
        await assert.rejects(second, { code: "late" });
        client.close();
    } finally {
        globalThis.setTimeout = setTimeout;
    }
});

/** Runs with timers that the test lets pass: calls run(pass), where pass() ends an interval of each. */
function withPlayedTimers(run) {
    const { setInterval, clearInterval, setTimeout } = globalThis;
    const intervals = new Map();
    const timeouts = [];
    globalThis.setInterval = (callback, ms) => {
        intervals.set(callback, ms);
        return callback;
    };
    globalThis.clearInterval = (callback) => intervals.delete(callback);
    globalThis.setTimeout = (callback) => timeouts.push(callback);
    try {
        run({ tick: () => [...intervals.keys()].forEach((callback) => callback()), expire: () => timeouts.splice(0).forEach((callback) => callback()) });
        assert.equal(intervals.size, 0, "a client that is closed has no timer");
    } finally {
        Object.assign(globalThis, { setInterval, clearInterval, setTimeout });
    }
}

test("a connection that is silent is lost, though nobody closes it", () => {
    withPlayedTimers(({ tick, expire }) => {
        const { client, socket } = begin();
        const links = [];
        client.addEventListener("link", ({ detail }) => links.push(detail));
        socket.close = () => {}; // the other side's answer never comes
        socket.open();
        for (let i = 0; i < 20; i++) { // any message is a sign of life
            tick();
            tick();
            socket.say({ type: "state", stream: "a", state: "live" });
        }
        assert.deepEqual(links, [true]);
        tick();
        tick();
        assert.deepEqual(links, [true], "two pings may be on their way");
        tick();
        tick();
        assert.deepEqual(links, [true, false]);
        assert.equal(client.states.size, 0, "what it said last is not what is now");
        expire();
        assert.equal(PlayedSocket.made.length, 2);
        PlayedSocket.made[1].open();
        socket.say({ type: "hello", streams: ["of the lost one"] });
        socket.dispatchEvent(new Event("close"));
        assert.equal(client.hello, null, "what was given up is not heard");
        assert.deepEqual(links, [true, false, true]);
        client.close();
    });
});

test("a connection that is never made is tried again", () => {
    withPlayedTimers(({ tick, expire }) => {
        const { client, socket } = begin();
        socket.readyState = 0;
        Array.from({ length: 4 }).forEach(tick);
        assert.deepEqual(socket.sent, []);
        expire();
        assert.equal(PlayedSocket.made.length, 2);
        client.close();
    });
});

test("who hears that the connection is lost may close the client", () => {
    withPlayedTimers(({ expire }) => {
        const { client, socket } = begin();
        client.addEventListener("link", ({ detail }) => detail || client.close(), { once: true });
        socket.close();
        expire();
        assert.equal(PlayedSocket.made.length, 1);
    });
});

/** As the package ws: an error that nobody listens to is thrown, which ends the program. */
class StrictSocket extends PlayedSocket {
    #hears = new Set();

    addEventListener(type, listener) {
        this.#hears.add(type);
        super.addEventListener(type, listener);
    }

    fail(error) {
        if (!this.#hears.has("error")) {
            throw error;
        }
        this.dispatchEvent(Object.assign(new Event("error"), { error, message: error.message }));
        this.dispatchEvent(new Event("close"));
    }
}

test("a WebSocket that throws what nobody listens to is listened to", () => {
    withPlayedTimers(({ expire }) => {
        PlayedSocket.made = [];
        const client = new MocapClient("ws://test/ws", { WebSocket: StrictSocket });
        const links = [];
        client.addEventListener("link", ({ detail }) => links.push(detail));
        PlayedSocket.made[0].fail(new Error("connect ECONNREFUSED 127.0.0.1:8040"));
        expire();
        PlayedSocket.made[1].open();
        assert.deepEqual(links, [false, true]);
        client.close();
    });
});

test("the socket is beside the page", () => {
    const { document } = globalThis;
    for (const [page, socket] of [["http://h:1/", "ws://h:1/ws"], ["https://h/mocap/?obs=1#x", "wss://h/mocap/ws"], ["http://h/a/index.html", "ws://h/a/ws"]]) {
        globalThis.document = { baseURI: page };
        assert.equal(defaultUrl(), socket);
    }
    globalThis.document = document;
});
