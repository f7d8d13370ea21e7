/** The page: connects the client to the avatars, panels and dialogs. */
import { readAddress } from "./address.js";
import { makeCalibrate } from "./calibrate.js";
import { makeConnect } from "./connect.js";
import { makeControl } from "./control.js";
import { acceptDrops } from "./drops.js";
import { byId, make, setText } from "./elements.js";
import { NEUTRAL, asleepAt, blend, faceOf } from "./face.js";
import { hintOf, makeHint } from "./hint.js";
import { listenForKeys } from "./keys.js";
import { makeLandmarks } from "./landmarks.js";
import { makeLatency } from "./latency.js";
import { MocapClient } from "./mocap.js";
import { makePhotoShelf } from "./photo_shelf.js";
import { makePose } from "./pose.js";
import { makePreferences } from "./preferences.js";
import { makeSettings } from "./settings.js";
import { makeShapeRows } from "./shape_rows.js";
import { makeShelf } from "./shelf.js";
import { AVATARS, makeStage } from "./stage.js";
import { wordsOf } from "./states.js";
import { keep, recall } from "./storage.js";
import { makeWall } from "./wall.js";

const STATUS_EVERY_MS = 250;
const CALM_SHARE = 0.08; // of the way to a neutral face, per animation frame, while no face is visible
const AWAKE_MS = 1500; // without a face, before the avatar falls asleep
const ASLEEP_EVERY_MS = 60; // how often a sleeping avatar is drawn

const address = readAddress(new URL(location.href));
document.body.classList.toggle("obs", address.isObs);
const client = new MocapClient();
const preferences = makePreferences({ theme: byId("theme"), mirror: byId("mirror") }, address);
const showPose = makePose(byId("pose"));
const showShapes = makeShapeRows(byId("shapes"));
const showLandmarks = makeLandmarks(byId("landmarks"));
const showHint = makeHint();
const { latency, arrivals, clear: clearLatency } = makeLatency(() => preferences.colours);

const page = {
    stream: address.stream ?? null, // the one shown
    record: null, // its newest
    isNew: false, // not shown yet
    isFresh: false, // nor ever: its latency counts
    face: NEUTRAL,
    seenMs: performance.now(), // when a face was last visible
    drawnMs: 0, // when a face that is not visible was last drawn
    hasGreeted: false, // a daemon has told its streams
    isWall: false, // all streams are shown, not one
    droppedBefore: 0,
    seqBefore: null,
};

// ---- avatars

const stage = makeStage({
    onChoose(name) {
        if (!address.isObs) {
            keep("avatar", name);
        }
        shelves[name]?.begin();
    },
});
const control = makeControl(client);
const shelf = makeShelf(stage, address.model);
const photoShelf = makePhotoShelf(stage, control);
const shelves = { model: shelf, photo: photoShelf };
acceptDrops({ model: shelf.add, photo: photoShelf.add });
const firstAvatar = address.avatar ?? recall("avatar");
stage.choose(AVATARS.includes(firstAvatar) ? firstAvatar : "fox");

// ---- status

/** Whether the newest record of a stream shows what is there now: not while camera, mocapd or mocap-web is away. */
const isLive = (name) => !page.isOffline && client.web?.daemon !== false && client.states.get(name)?.state === "live";

/** @returns {[string, string]} what the dot and the text say */
function statusOf() {
    const state = client.states.get(page.stream);
    if (page.isOffline) {
        return ["offline", page.refusal ? "refused by mocap-web" : "mocap-web is not reachable; reconnecting"];
    }
    if (client.hello === null || client.web?.daemon === false) {
        return ["waiting", "waiting for mocapd"];
    }
    if (state?.state === "live") {
        return page.record && !page.face.seen ? ["nobody", "no face in view"] : ["live", "live"];
    }
    return [state?.state ?? "connecting", wordsOf(state)];
}

function showStatus() {
    const [name, text] = statusOf();
    setText(byId("status-text"), text);
    byId("status").dataset.state = name;
    const hint = hintOf({ isOffline: page.isOffline === true, web: client.web, hello: client.hello, refusal: page.refusal });
    showHint(hint);
    // The hint is on the stage.
    const isWall = page.isWall && hint === null;
    byId("wall").hidden = !isWall;
    document.body.classList.toggle("has-wall", isWall);
}
setInterval(showStatus, STATUS_EVERY_MS);

// ---- streams

/** A record may overtake the state that makes it count. */
const recordNow = () => (isLive(page.stream) ? page.record : null);

/** What was seen before a camera went away is not what is there when it comes back. */
function dropStale() {
    if (!isLive(page.stream)) {
        page.record = null;
        page.isFresh = false;
    }
    page.isNew = true;
}

function chooseStream(name) {
    page.stream = name;
    page.record = client.newest.get(name) ?? null;
    dropStale();
    page.seqBefore = null;
    page.face = { ...page.face, id: NEUTRAL.id }; // ids are per stream
    clearLatency();
    showStatus();
    tellStage();
}

// ---- the wall

const wall = makeWall(client, openStream, () => preferences);

/** Of the streams that are not on the stage a few records a second are enough. */
function tellStage() {
    client.setStage(page.isWall ? null : page.stream);
}

function showWall(isShown) {
    page.isWall = isShown;
    byId("wall-button").setAttribute("aria-pressed", String(isShown));
    showStatus();
    tellStage();
}

/** From the wall to the stage. */
function openStream(name) {
    byId("stream").value = name;
    showWall(false);
    chooseStream(name);
    byId("wall-button").focus();
}

byId("wall-button").addEventListener("click", () => {
    showWall(!page.isWall);
    if (page.isWall) {
        wall.draw();
        wall.focus(page.stream);
    }
});

client.addEventListener("hello", ({ detail: { streams } }) => {
    const select = byId("stream");
    select.replaceChildren(...streams.map((name) => make("option", {}, name)));
    byId("stream-field").hidden = streams.length < 2;
    // A browser source shows the stream of its address or nothing: never another camera.
    const isFixed = address.isObs && address.stream !== undefined;
    chooseStream(isFixed || streams.includes(page.stream) ? page.stream : streams[0]);
    select.value = page.stream;
    const isMany = streams.length > 1 && !address.isObs;
    wall.setStreams(streams);
    byId("wall-button").hidden = !isMany;
    setText(byId("wall-count"), `${streams.length}`);
    // It opens by itself once; a stream that the address names comes first.
    showWall(isMany && (page.hasGreeted ? page.isWall : address.stream === undefined));
    page.hasGreeted = true;
});
byId("stream").addEventListener("change", ({ target }) => chooseStream(target.value));
client.addEventListener("state", ({ detail: { stream } }) => {
    if (stream === page.stream) {
        dropStale();
    }
    showStatus();
});
client.addEventListener("web", () => {
    dropStale();
    showStatus();
});
client.addEventListener("link", ({ detail: isLinked }) => {
    page.isOffline = !isLinked;
    if (isLinked) {
        page.refusal = undefined;
    } else {
        client.web = null;
        askRefusal();
    }
    dropStale();
    showStatus();
});

/** How many frames are missing before this record: dropped by the daemon or skipped. */
function countLost(record) {
    const passed = page.seqBefore === null ? 0 : Math.max(0, record.seq - page.seqBefore - 1);
    const dropped = page.seqBefore === null ? 0 : Math.max(0, record.dropped - page.droppedBefore);
    page.seqBefore = record.seq;
    page.droppedBefore = record.dropped;
    return passed + dropped;
}

client.addEventListener("record", ({ detail: record }) => {
    if (record.stream === page.stream) {
        page.record = record;
        page.isNew = true;
        page.isFresh = page.seqBefore !== null; // the first may have waited for this page for long
        arrivals.add(performance.now(), 0, countLost(record));
    }
});

// ---- frames

// A message is delivered after the browser has painted what was drawn.
const painted = new MessageChannel();
painted.port1.onmessage = ({ data: record }) => {
    const nowMs = performance.now();
    const latencyMs = client.latencyMs(record, nowMs);
    if (latencyMs !== undefined) {
        latency.add(nowMs, latencyMs);
    }
};

/** A new face is shown at once; a lost one fades to neutral, then falls asleep. */
function nextFace(nowMs) {
    const face = faceOf(recordNow(), preferences.isMirror, page.face.id, preferences.which);
    if (face.seen) {
        page.seenMs = nowMs;
        return face;
    }
    return blend(page.face, nowMs - page.seenMs > AWAKE_MS ? asleepAt(nowMs) : NEUTRAL, CALM_SHARE);
}

function drawFace(nowMs, isNew) {
    if (!page.face.seen && !isNew && page.face.sleep > 0.99 && nowMs - page.drawnMs < ASLEEP_EVERY_MS) {
        return;
    }
    page.drawnMs = nowMs;
    stage.show(page.face);
    if (!address.isObs) {
        const face = page.face.seen ? page.face : NEUTRAL;
        showPose(face);
        showShapes(face, preferences.isMirror);
    }
}

function onFrame(nowMs) {
    const { isNew } = page;
    page.isNew = false;
    page.face = nextFace(nowMs);
    if (isNew || !page.face.seen) {
        drawFace(nowMs, isNew);
    }
    if (isNew && !address.isObs) {
        showLandmarks(recordNow(), page.face.seen ? page.face.id : 0, preferences.isMirror, preferences.colours);
    }
    if (page.isFresh) {
        page.isFresh = false;
        painted.port2.postMessage({ t_arrival_ns: page.record.t_arrival_ns });
    }
    requestAnimationFrame(onFrame);
}
requestAnimationFrame(onFrame);

preferences.onChange = () => {
    page.isNew = true;
    wall.refresh();
};

// ---- dialogs

const streamNow = () => page.stream;
makeCalibrate(control, streamNow);
makeSettings(control, streamNow, preferences);
makeConnect(() => ({
    avatar: stage.chosen,
    model: shelf.title,
    isMirror: preferences.isMirror,
    stream: client.hello?.streams.length > 1 ? page.stream : undefined,
    face: preferences.which === "steady" ? undefined : preferences.which,
}));

// The browser does not say why a WebSocket was refused; mocap-web does, on asking.
async function askRefusal() {
    try {
        const response = await fetch(new URL("ws", document.baseURI), { method: "POST" });
        page.refusal = response.status === 403 ? await response.text() : undefined;
    } catch {
        page.refusal = undefined; // it is not there
    }
    showStatus();
}

if (matchMedia("(max-width: 820px)").matches) {
    document.querySelectorAll("main details").forEach((details) => (details.open = false));
}

// ---- full screen and keys

const full = byId("full");
full.hidden = !document.fullscreenEnabled;
full.addEventListener("click", () => (document.fullscreenElement ? document.exitFullscreen() : byId("views").requestFullscreen()));
document.addEventListener("fullscreenchange", () => (full.textContent = document.fullscreenElement ? "Exit full screen" : "Full screen"));

listenForKeys({
    ...Object.fromEntries(AVATARS.map((name, index) => [String(index + 1), () => stage.choose(name)])),
    m: () => byId("mirror").click(),
    t: () => byId("theme").click(),
    f: () => full.click(),
    w: () => byId("wall-button").hidden || byId("wall-button").click(),
});

/** For tests and the console. */
globalThis.mocap = { client, latency, arrivals, page, stage, shelf, preferences };
