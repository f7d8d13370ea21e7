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
 * or, one record at a time, always the newest:
 *
 *     for await (const record of client.records("main")) { … }
 *
 * The client connects by itself, and again when the connection is lost. Records
 * are the protocol's own (docs/protocol.md). It needs nothing but WebSocket and
 * EventTarget; where WebSocket is no global (Node.js before 22) pass one.
 *
 * Events, each with a `detail`:
 *   hello   {server, streams, …}          the daemon's greeting
 *   state   {stream, state, reason}       of a stream; "end" arrives as one too
 *   record  {stream, seq, faces, …}       a motion record
 *   link    true or false                 connected to mocap-web, or not
 */

const RETRY_FIRST_MS = 250;
const RETRY_LAST_MS = 4000;
const PING_EVERY_MS = 2000;
const PINGS_KEPT = 8;

/** @returns {string} where the page's own server has its WebSocket */
export function defaultUrl() {
    const { protocol, host } = globalThis.location;
    return `${protocol === "https:" ? "wss" : "ws"}://${host}/ws`;
}

export class MocapClient extends EventTarget {
    #url;
    #WebSocket;
    #socket = null;
    #closed = false;
    #retryMs = RETRY_FIRST_MS;
    #retryTimer = 0;
    #pingTimer = 0;
    #pingId = 0;
    #pingSentMs = new Map();
    #clock = []; // {roundTripMs, offsetMs} of the last pings

    /**
     * @param {string} [url] ws://HOST:PORT/ws; by default that of the page's server
     * @param {{WebSocket?: typeof WebSocket}} [options]
     */
    constructor(url = defaultUrl(), { WebSocket = globalThis.WebSocket } = {}) {
        super();
        this.#url = url;
        this.#WebSocket = WebSocket;
        /** The greeting, once it came. */
        this.hello = null;
        /** Of each stream the newest state and the newest record. */
        this.states = new Map();
        this.newest = new Map();
        this.#connect();
    }

    /** Ends the connection for good. */
    close() {
        this.#closed = true;
        clearTimeout(this.#retryTimer);
        clearInterval(this.#pingTimer);
        this.#socket?.close();
        this.#emit("link", false);
    }

    /**
     * How old a record is: ms since its picture arrived at the daemon.
     * Undefined until the clocks have been compared.
     * @param {{t_arrival_ns: number}} record
     * @param {number} [atMs] when, by performance.now()
     */
    ageMs(record, atMs = performance.now()) {
        if (this.#clock.length === 0) {
            return undefined;
        }
        const best = this.#clock.reduce((a, b) => (b.roundTripMs < a.roundTripMs ? b : a));
        return atMs + best.offsetMs - record.t_arrival_ns / 1e6;
    }

    /**
     * Records of a stream as they come; who is slow gets the newest. Ends with the
     * client.
     * @param {string} [stream] absent: of all streams
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

    #emit(type, detail) {
        this.dispatchEvent(new CustomEvent(type, { detail }));
    }

    #connect() {
        const socket = new this.#WebSocket(this.#url, "mocap");
        this.#socket = socket;
        socket.addEventListener("open", () => {
            this.#retryMs = RETRY_FIRST_MS;
            this.#clock = [];
            this.#pingSentMs.clear();
            this.#emit("link", true);
            this.#ping();
            this.#pingTimer = setInterval(() => this.#ping(), PING_EVERY_MS);
        });
        socket.addEventListener("message", ({ data }) => this.#take(data));
        socket.addEventListener("close", () => this.#lose());
    }

    #lose() {
        clearInterval(this.#pingTimer);
        if (this.#closed) {
            return;
        }
        this.#emit("link", false);
        this.#retryTimer = setTimeout(() => this.#connect(), this.#retryMs);
        this.#retryMs = Math.min(2 * this.#retryMs, RETRY_LAST_MS);
    }

    #take(text) {
        const message = JSON.parse(text);
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
                break;
            case "pong":
                this.#compareClocks(message);
                break;
            default: // of a later version
        }
    }

    #ping() {
        this.#pingSentMs.set(++this.#pingId, performance.now());
        this.#socket.send(JSON.stringify({ type: "ping", id: this.#pingId }));
    }

    // The daemon's clock when a pong was made, taken to be halfway between: wrong by
    // at most half the round trip, so the shortest of the last ones counts.
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
