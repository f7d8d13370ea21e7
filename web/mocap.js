/**
 * mocapd in a browser: motion records over a WebSocket, as mocap-web serves it.
 *
 *     import { MocapClient } from "./mocap.js";
 *
 *     const client = new MocapClient();
 *     client.addEventListener("record", (event) => {
 *         const [face] = event.detail.faces;
 *         if (face) console.log(face.pose?.euler, face.shapes?.jawOpen);
 *     });
 *
 * or one record at a time, always the newest:
 *
 *     for await (const record of client.records("main")) { … }
 *
 * The client connects by itself, and again when the connection is lost or silent. Records have
 * the fields of docs/protocol.md. It needs only WebSocket, Event and EventTarget; pass a WebSocket,
 * such as that of the package ws, where there is no global one (Node.js 18 to 21).
 *
 * Events, each with a `detail`:
 *   hello   {server, streams, …}          the daemon's greeting
 *   state   {stream, state, reason}       a stream's state; its "end" arrives as one, too
 *   record  {stream, seq, faces, …}       a motion record
 *   link    true or false                 whether the client is connected to mocap-web
 *   web     {server, socket, daemon, …}   of mocap-web itself: docs/bridges.md
 *   error   Error                         mocap-web sent what is no message; it is ignored
 */

const RETRY_FIRST_MS = 250; // before connecting again; doubles each time,
const RETRY_LAST_MS = 4000; // up to this,
const LASTING_MS = 5000; // until a connection has lasted so long
const PING_EVERY_MS = 2000;
const PINGS_KEPT = 8;
const PINGS_SILENT = 3; // without a message since, before a connection is given up
const REPLY_MS = 12000; // how long a request may take: a calibration has six seconds

/** @returns {string} the WebSocket URL of the page's own server, beside the page */
export function defaultUrl() {
    const url = new URL("ws", globalThis.document?.baseURI ?? globalThis.location.href);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    url.search = url.hash = "";
    return url.href;
}

export class MocapClient extends EventTarget {
    #url;
    #WebSocket;
    #socket = null;
    #closed = false;
    #stage = undefined; // undefined: never said
    #retryMs = RETRY_FIRST_MS;
    #openedMs = Infinity; // when the connection was made
    #retryTimer = 0;
    #pingTimer = 0;
    #lastId = 0; // of pings and requests
    #pingSentMs = new Map();
    #silent = 0; // pings since the last message
    #clock = []; // {roundTripMs, offsetMs} of the last pings
    #requests = []; // {id, message, resolve, reject}: the first is sent, the others wait for its reply
    #replyTimer = 0;

    /**
     * @param {string} [url] ws://HOST:PORT/ws; by default defaultUrl()
     * @param {{WebSocket?: typeof WebSocket}} [options]
     */
    constructor(url = defaultUrl(), { WebSocket = globalThis.WebSocket } = {}) {
        super();
        this.#url = url;
        this.#WebSocket = WebSocket;
        /** The greeting of mocapd and that of mocap-web; null before they have arrived. */
        this.hello = null;
        this.web = null;
        /** The newest state and the newest record of each stream; of none while there is no connection. */
        this.states = new Map();
        this.newest = new Map();
        this.#connect();
    }

    /** Ends the connection for good. */
    close() {
        this.#closed = true;
        clearTimeout(this.#retryTimer);
        this.#lose();
        this.#emit("link", false);
    }

    /**
     * A record's latency: ms since its frame arrived at the daemon. Undefined until the
     * clocks have been compared.
     * @param {{t_arrival_ns: number}} record
     * @param {number} [atMs] the time to measure at, by performance.now()
     */
    latencyMs(record, atMs = performance.now()) {
        if (this.#clock.length === 0) {
            return undefined;
        }
        const best = this.#clock.reduce((a, b) => (b.roundTripMs < a.roundTripMs ? b : a));
        return atMs + best.offsetMs - record.t_arrival_ns / 1e6;
    }

    /**
     * Says which stream is shown in full: of the others mocap-web then sends five records a second
     * each at most. Without this it sends all records of all streams.
     * @param {string | null} stream null: none
     */
    setStage(stream) {
        this.#stage = stream;
        if (this.#isOpen()) {
            this.#socket.send(JSON.stringify({ type: "stage", ...(stream !== null && { stream }) }));
        }
    }

    /**
     * The records of a stream as they arrive; a slow loop gets only the newest. Ends when the
     * client is closed.
     * @param {string} [stream] default: all streams
     */
    async *records(stream) {
        let waiting = null;
        let wake = null;
        const onRecord = ({ detail }) => {
            if (stream === undefined || detail.stream === stream) {
                waiting = detail;
                wake?.();
            }
        };
        const onLink = () => wake?.();
        this.addEventListener("record", onRecord);
        this.addEventListener("link", onLink);
        try {
            while (!this.#closed) {
                if (waiting === null) {
                    await new Promise((resolve) => (wake = resolve));
                    wake = null;
                    continue;
                }
                const record = waiting;
                waiting = null;
                yield record;
            }
        } finally {
            this.removeEventListener("record", onRecord);
            this.removeEventListener("link", onLink);
        }
    }

    /**
     * Sends a request to mocapd, as mocap-web allows to those that have its token. mocap-web takes one
     * at a time: further ones wait here for the reply to those before.
     * @param {string} token
     * @param {object} request such as {type: "calibrate", stream: "main", action: "neutral"}
     * @returns {Promise<object>} the reply; rejects with what was refused, and with the error's
     *     code: "forbidden", "no-face", …
     */
    request(token, request) {
        return new Promise((resolve, reject) => {
            if (!this.#isOpen()) {
                reject(Object.assign(new Error("mocap-web is not reachable"), { code: "offline" }));
                return;
            }
            const id = ++this.#lastId;
            this.#requests.push({ id, message: { type: "control", id, token, request }, resolve, reject });
            if (this.#requests.length === 1) {
                this.#sendRequest();
            }
        });
    }

    #sendRequest() {
        const [{ id, message }] = this.#requests;
        this.#replyTimer = setTimeout(() => this.#settle(id, { type: "error", code: "late", message: "no reply in time" }), REPLY_MS);
        this.#socket.send(JSON.stringify(message));
    }

    #settle(id, message) {
        if (this.#requests.length === 0 || this.#requests[0].id !== id) {
            return; // no reply, or nobody waits for it any more
        }
        const { resolve, reject } = this.#requests.shift();
        clearTimeout(this.#replyTimer);
        if (message.type === "error") {
            reject(Object.assign(new Error(message.message), { code: message.code }));
        } else {
            resolve(message);
        }
        if (this.#requests.length > 0) {
            this.#sendRequest();
        }
    }

    // CustomEvent is not global in Node.js 18.
    #emit(type, detail) {
        this.dispatchEvent(Object.assign(new Event(type), { detail }));
    }

    #isOpen() {
        return this.#socket?.readyState === 1;
    }

    #connect() {
        const socket = new this.#WebSocket(this.#url, "mocap");
        // One that was given up may still have something to say.
        const listen = (type, listener) => socket.addEventListener(type, (event) => socket === this.#socket && listener(event));
        this.#socket = socket;
        this.#silent = 0;
        this.#pingTimer = setInterval(() => this.#ping(), PING_EVERY_MS);
        listen("open", () => {
            this.#openedMs = performance.now();
            this.#clock = [];
            this.#pingSentMs.clear();
            this.#silent = 0;
            this.#emit("link", true);
            this.#ping();
        });
        listen("message", ({ data }) => {
            this.#silent = 0;
            this.#take(data);
        });
        listen("close", () => this.#retry());
        socket.addEventListener("error", () => {}); // "close" follows; without a listener ws ends the program
    }

    /** Lets go of the connection, without waiting for the other side. */
    #lose() {
        const socket = this.#socket;
        this.#socket = null;
        clearInterval(this.#pingTimer);
        clearTimeout(this.#replyTimer);
        socket?.close();
        this.states.clear();
        this.newest.clear();
        for (const { reject } of this.#requests.splice(0)) {
            reject(Object.assign(new Error("the connection was lost"), { code: "offline" }));
        }
    }

    #retry() {
        this.#lose();
        this.#emit("link", false);
        if (this.#closed) {
            return; // by who heard of it
        }
        if (performance.now() - this.#openedMs >= LASTING_MS) {
            this.#retryMs = RETRY_FIRST_MS;
        }
        this.#openedMs = Infinity;
        this.#retryTimer = setTimeout(() => this.#connect(), this.#retryMs);
        this.#retryMs = Math.min(2 * this.#retryMs, RETRY_LAST_MS);
    }

    #parse(text) {
        try {
            const message = JSON.parse(text);
            if (typeof message?.type !== "string") {
                throw new TypeError("a message must be an object with a type");
            }
            return message;
        } catch (error) {
            this.#emit("error", error);
            return { type: "" };
        }
    }

    #take(text) {
        const message = this.#parse(text);
        switch (message.type) {
            case "motion":
                this.newest.set(message.stream, message);
                this.#emit("record", message);
                break;
            case "state":
            case "end":
                this.states.set(message.stream, message);
                this.#emit("state", message);
                break;
            case "hello":
                this.hello = message;
                this.states.clear();
                this.newest.clear();
                this.#emit("hello", message);
                if (this.#stage !== undefined) {
                    this.setStage(this.#stage); // mocap-web may be another one, or count streams anew
                }
                break;
            case "pong":
                this.#compareClocks(message);
                break;
            case "web":
                this.web = message;
                this.#emit("web", message);
                break;
            default: // a reply, of a later version, or malformed
                this.#settle(message.id, message);
        }
    }

    // A network that is gone closes nothing: a connection is lost when nothing comes for a few pings.
    // Pings count, not time: after a suspension the first finds what has arrived meanwhile.
    #ping() {
        if (this.#silent === PINGS_SILENT) {
            this.#retry();
            return;
        }
        this.#silent++;
        if (!this.#isOpen()) {
            return; // it is being made
        }
        if (this.#pingSentMs.size === PINGS_KEPT) {
            this.#pingSentMs.delete(this.#pingSentMs.keys().next().value); // never answered
        }
        this.#pingSentMs.set(++this.#lastId, performance.now());
        this.#socket.send(JSON.stringify({ type: "ping", id: this.#lastId }));
    }

    // The pong is taken to be made halfway between ping and arrival, which is wrong by at most
    // half the round trip: of the last pings, the one with the shortest counts.
    #compareClocks({ id, t_ns: theirsNs }) {
        const sentMs = this.#pingSentMs.get(id);
        if (sentMs === undefined || theirsNs === undefined) {
            return;
        }
        this.#pingSentMs.delete(id);
        const nowMs = performance.now();
        const offsetMs = theirsNs / 1e6 - (sentMs + nowMs) / 2;
        this.#clock.push({ roundTripMs: nowMs - sentMs, offsetMs });
        this.#clock.splice(0, this.#clock.length - PINGS_KEPT);
    }
}
