/** The page: what the client tells, shown. */
import { beginLook } from "./look.js";
import { drawLatency } from "./chart.js";
import { MocapClient } from "./mocap.js";
import { NEUTRAL, blend, faceOf } from "./face.js";
import { Series } from "./series.js";
import { makeFigures, makePose, makeShapes } from "./panels.js";
import { makeStage } from "./stage.js";
import { drawPoints } from "./points.js";

const CHART_EVERY_MS = 200;
const CALM_SHARE = 0.08; // of the way to a calm face, each picture, while nobody is seen

const byId = (id) => document.getElementById(id);
const client = new MocapClient();
const look = beginLook({ theme: byId("theme"), mirror: byId("mirror") });
const stage = makeStage();
const showPose = makePose(byId("pose"));
const showShapes = makeShapes(byId("shapes"));
const showFigures = makeFigures(byId("figures"), ["median", "95 of 100", "records/s", "missing"]);
const latency = new Series();

const page = {
    stream: null, // the one shown
    record: null, // its newest
    isNew: false, // not shown yet
    face: NEUTRAL,
    droppedBefore: 0,
    seqBefore: null,
};

// ---- status

const WORDS = {
    connecting: "connecting to the camera",
    stalled: "the camera gives no pictures",
    ended: "the stream has ended",
    failed: "the stream has failed",
};

function showStatus() {
    const state = client.states.get(page.stream);
    const name = page.isOffline ? "offline" : (state?.state ?? "connecting");
    let text = "waiting for mocapd";
    if (page.isOffline) {
        text = "mocap-web is not reachable; trying again";
    } else if (name === "live") {
        text = page.record && !page.face.seen ? "nobody in view" : "live";
    } else if (state) {
        text = state.reason ? `${WORDS[name] ?? name}: ${state.reason}` : (WORDS[name] ?? name);
    }
    if (byId("status-text").textContent !== text) {
        byId("status-text").textContent = text;
    }
    byId("status").dataset.state = name;
}

// ---- streams

function chooseStream(name) {
    page.stream = name;
    page.record = client.newest.get(name) ?? null;
    page.isNew = page.record !== null;
    page.seqBefore = null;
    page.face = { ...page.face, id: NEUTRAL.id }; // another stream's ids are other people's
    latency.clear();
    showStatus();
}

client.addEventListener("hello", ({ detail: { streams } }) => {
    const select = byId("stream");
    select.replaceChildren(...streams.map((name) => new Option(name)));
    byId("stream-field").hidden = streams.length < 2;
    chooseStream(streams.includes(page.stream) ? page.stream : streams[0]);
    select.value = page.stream;
});
byId("stream").addEventListener("change", ({ target }) => chooseStream(target.value));
client.addEventListener("state", showStatus);
client.addEventListener("link", ({ detail: isLinked }) => {
    page.isOffline = !isLinked;
    showStatus();
});
client.addEventListener("record", ({ detail: record }) => {
    if (record.stream === page.stream) {
        page.record = record;
        page.isNew = true;
    }
});

// ---- pictures

/** Frames that are missing before this record: dropped by the daemon, or passed over. */
function countLost(record) {
    const passed = page.seqBefore === null ? 0 : Math.max(0, record.seq - page.seqBefore - 1);
    const dropped = page.seqBefore === null ? 0 : Math.max(0, record.dropped - page.droppedBefore);
    page.seqBefore = record.seq;
    page.droppedBefore = record.dropped;
    return passed + dropped;
}

// After the browser has painted what was drawn: a message comes behind that.
const painted = new MessageChannel();
painted.port1.onmessage = ({ data: { record, lost } }) => {
    const nowMs = performance.now();
    const latencyMs = client.latencyMs(record, nowMs);
    if (latencyMs !== undefined) {
        latency.add(nowMs, latencyMs, lost);
    }
};

function showRecord(record) {
    const lost = countLost(record);
    drawPoints(byId("points"), record, look.isMirror, look.colours);
    painted.port2.postMessage({ record: { t_arrival_ns: record.t_arrival_ns }, lost });
}

function onFrame() {
    const { isNew } = page;
    page.isNew = false;
    const face = faceOf(page.isOffline ? null : page.record, look.isMirror, page.face.id);
    // A face that comes is shown at once; one that goes is let go gently.
    page.face = face.seen ? face : blend(page.face, NEUTRAL, CALM_SHARE);
    if (isNew || !face.seen) {
        stage.show(page.face);
        showPose(page.face);
        showShapes(page.face);
    }
    if (isNew) {
        showRecord(page.record);
    }
    requestAnimationFrame(onFrame);
}
requestAnimationFrame(onFrame);

setInterval(() => {
    const ms = (value) => (value === undefined ? "–" : `${value.toFixed(0)} ms`);
    drawLatency(byId("latency"), latency, performance.now(), look.colours);
    showFigures({
        median: ms(latency.percentile(0.5)),
        "95 of 100": ms(latency.percentile(0.95)),
        "records/s": latency.rate().toFixed(1),
        missing: String(latency.lost),
    });
    showStatus();
}, CHART_EVERY_MS);

look.onChange = () => {
    page.isNew = page.record !== null;
    page.seqBefore = null;
};

/** For whoever looks from outside: tests, and the console. */
globalThis.mocap = { client, latency, page };
