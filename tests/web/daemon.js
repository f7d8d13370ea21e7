/**
 * A daemon played for the tests of the page: it speaks the protocol, and shows the
 * faces it is told to.
 */
import { createServer } from "node:net";
import { createInterface } from "node:readline";

const NS_PER_MS = 1e6;

const DEFAULTS = { stream: "main", smooth: true, smooth_min_cutoff: 1, smooth_beta: 20, fov: "auto", gains: {}, changed: false };

const nowNs = () => Number(process.hrtime.bigint());

/** Quaternion of a head turned by yaw (to the picture's right), then pitch (down). */
function rotationOf(yaw, pitch) {
    const [sy, cy] = [Math.sin(-yaw / 2), Math.cos(yaw / 2)];
    const [sp, cp] = [Math.sin(pitch / 2), Math.cos(pitch / 2)];
    return [cy * sp, sy * cp, -sy * sp, cy * cp];
}

/**
 * @param {string} path of the socket
 * @param {{width: number, height: number}} frame
 * @param {string[]} [streams]
 */
export async function playDaemon(path, { width, height }, streams = ["main"]) {
    const sockets = new Set();
    const watching = new Set(); // those of them that have subscribed
    const asked = []; // requests other than subscriptions
    let waitingFor = null; // {count, resolve}
    let refusal = null; // {isMeant, error}
    let held = null; // {isMeant, answers}
    let seq = 0;
    let profile = "default";
    let settings = DEFAULTS;

    const replyTo = (request) => {
        asked.push(request);
        if (waitingFor && asked.length >= waitingFor.count) {
            waitingFor.resolve();
        }
        if (refusal?.isMeant(request)) {
            const { error } = refusal;
            refusal = null;
            return { type: "error", ...error };
        }
        const { type, action = "neutral", shapes, stream } = request;
        if (type === "settings") {
            const { id, reset, ...changes } = request;
            settings = { ...(reset ? DEFAULTS : settings), ...changes, changed: !reset && (settings.changed || Object.keys(changes).length > 2) };
            return { ...settings, type };
        }
        profile = request.profile ?? profile;
        if (action === "neutral" || action === "range") {
            const peaks = Object.fromEntries((shapes ?? []).map((name) => [name, 0.62]));
            const gains = Object.fromEntries((shapes ?? []).map((name) => [name, 1.61]));
            return { type: "calibrated", stream, faces: 1, profile, ...(shapes && { ranges: [{ peaks, gains }] }) };
        }
        return { type: "calibration", stream, profile, active: true, faces: [], shapes: [], profiles: ["anna", "default"] };
    };
    const server = createServer((socket) => {
        const say = (message) => socket.write(`${JSON.stringify(message)}\n`);
        say({ type: "hello", protocol: [1, 0], server: "played 1", boot_id: "b", streams, encodings: ["json"] });
        sockets.add(socket);
        const serve = (request) => {
            const { id, type } = request;
            if (type === "calibrate" || type === "settings") {
                const reply = { ...replyTo(request), id };
                if (held?.isMeant(request)) {
                    held.answers.push(() => say(reply));
                } else {
                    say(reply);
                }
                return;
            }
            if (type === "unsubscribe") {
                watching.delete(socket);
                say({ type: "unsubscribed", id, streams });
                return;
            }
            say({ type: "subscribed", id, streams, mode: "latest", encoding: "json" });
            for (const stream of streams) {
                say({ type: "state", stream, state: "live", reason: "" });
            }
            watching.add(socket);
        };
        createInterface({ input: socket }).on("line", (line) => serve(JSON.parse(line)));
        const forget = () => {
            sockets.delete(socket);
            watching.delete(socket);
        };
        socket.on("close", forget);
        socket.on("error", forget);
    });
    await new Promise((resolve) => server.listen(path, resolve));

    const tell = (message) => {
        for (const socket of watching) {
            socket.write(`${JSON.stringify(message)}\n`);
        }
    };
    const send = (record, stream = streams[0]) => {
        const t = nowNs();
        const times = { seq, pts: seq++ / 30, t_arrival_ns: t - 8 * NS_PER_MS, t_publish_ns: t };
        tell({ ...record, stream, ...times });
        return times.seq;
    };

    return {
        asked,
        /** What is in use. */
        settings: () => settings,
        /** Waits until so many requests have come in all. */
        hasAsked: (count) => new Promise((resolve) => (asked.length >= count ? resolve() : (waitingFor = { count, resolve }))),
        /** Answers the next request that is meant with an error: others may still be on their way. */
        refuse: (isMeant, error) => (refusal = { isMeant, error }),
        /** Answers requests that are meant only when the function is called that it returns. */
        hold(isMeant) {
            const { answers } = (held = { isMeant, answers: [] });
            return () => {
                held = null;
                answers.forEach((answer) => answer());
            };
        },
        /**
         * @param {object | null} face {keypoints, shapes, yaw, pitch}; null: nobody
         * @returns {number} the record's number
         */
        show(face) {
            const faces = [];
            if (face) {
                const xs = face.keypoints.map(([x]) => x);
                const ys = face.keypoints.map(([, y]) => y);
                const [left, top] = [Math.min(...xs), Math.min(...ys)];
                faces.push({
                    id: 1,
                    score: 0.9,
                    box: [left, top, Math.max(...xs) - left, Math.max(...ys) - top],
                    keypoints: face.keypoints.map(([x, y]) => [x, y, 0.9]),
                    pose: {
                        rotation: rotationOf(face.yaw ?? 0, face.pitch ?? 0),
                        euler: [0, 0, 0],
                        translation: [0, 0, 4],
                        error: 0.02,
                    },
                    shapes: face.shapes ?? {},
                    gaze: { left: [4, -2], right: [4, -2] },
                });
            }
            const timing_us = { decode: 1000, wait: 100, scale: 200, infer: 4000 };
            return send({ type: "motion", width, height, dropped: 0, timing_us, faces, missed: 0 });
        },
        /** Sends a record under the next number. @returns {number} that number */
        send,
        /** Says what state a stream is in. */
        state: (stream, state, reason) => tell({ type: "state", stream, state, reason }),
        close() {
            for (const socket of sockets) {
                socket.destroy();
            }
            return new Promise((resolve) => server.close(resolve));
        },
    };
}
