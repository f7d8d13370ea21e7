/** The page: connects the client to the panels and avatars. */
import { makePreferences } from "./preferences.js";
import { drawLatency } from "./chart.js";
import { MocapClient } from "./mocap.js";
import { NEUTRAL, blend, faceOf } from "./face.js";
import { Series } from "./series.js";
import { makeFigures, makePose, makeShapes } from "./panels.js";
import { makeStage } from "./stage.js";
import { drawPoints } from "./points.js";

const CHART_EVERY_MS = 200;
const CALM_SHARE = 0.08; // of the way to a neutral face, per animation frame, while no face is visible

const byId = (id) => document.getElementById(id);
const client = new MocapClient();
const preferences = makePreferences({ theme: byId("theme"), mirror: byId("mirror") });
const stage = makeStage();
const showPose = makePose(byId("pose"));
const showShapes = makeShapes(byId("shapes"));
const showFigures = makeFigures(byId("figures"), ["median", "95th percentile", "records/s", "missing"]);
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
    stalled: "no frames from the camera",
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
        text = page.record && !page.face.seen ? "no face in view" : "live";
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
    page.face = { ...page.face, id: NEUTRAL.id }; // ids are per stream
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

// ---- frames

/** How many frames are missing before this record: dropped by the daemon or skipped. */
function countLost(record) {
    const passed = page.seqBefore === null ? 0 : Math.max(0, record.seq - page.seqBefore - 1);
    const dropped = page.seqBefore === null ? 0 : Math.max(0, record.dropped - page.droppedBefore);
    page.seqBefore = record.seq;
    page.droppedBefore = record.dropped;
    return passed + dropped;
}

// A message is delivered after the browser has painted what was drawn.
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
    drawPoints(byId("points"), record, preferences.isMirror, preferences.colours);
    painted.port2.postMessage({ record: { t_arrival_ns: record.t_arrival_ns }, lost });
}

function onFrame() {
    const { isNew } = page;
    page.isNew = false;
    const face = faceOf(page.isOffline ? null : page.record, preferences.isMirror, page.face.id);
    // A new face is shown at once; a lost one fades to neutral.
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
    drawLatency(byId("latency"), latency, performance.now(), preferences.colours);
    showFigures({
        median: ms(latency.percentile(0.5)),
        "95th percentile": ms(latency.percentile(0.95)),
        "records/s": latency.rate().toFixed(1),
        missing: String(latency.lost),
    });
    showStatus();
}, CHART_EVERY_MS);

preferences.onChange = () => {
    page.isNew = page.record !== null;
    page.seqBefore = null;
};

/** For tests and the console. */
globalThis.mocap = { client, latency, page };
