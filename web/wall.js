/**
 * The wall: a tile for each stream, with its state, faces, latency and landmarks. It is renewed a few
 * times a second, and faces are drawn only while they are in view, so that many streams stay cheap; a
 * click puts a stream on the stage.
 */
import { beginCanvas } from "./canvas.js";
import { byId, make, setText } from "./elements.js";
import { drawContours } from "./landmarks.js";
import { wordsOf } from "./states.js";

const DRAWN_EVERY_MS = 200;
const STALE_MS = 2000; // a latency that is older says nothing of now
const LINE = 1.6; // pixels; points would hide the lines

const facesText = (count) => (count === 0 ? "no face" : count === 1 ? "1 face" : `${count} faces`);

function makeTile(name, onChoose) {
    const parts = {
        canvas: make("canvas", { "aria-hidden": "true" }),
        state: make("span", {}),
        faces: make("span", {}),
        latency: make("span", {}),
    };
    const state = make("span", { className: "status" }, make("span", { className: "dot", "aria-hidden": "true" }), parts.state);
    const figures = make("span", { className: "tile-figures" }, parts.faces, " ", parts.latency);
    const button = make("button", { type: "button", className: "tile", "data-stream": name }, parts.canvas, make("strong", {}, name), state, figures);
    button.addEventListener("click", () => onChoose(name));
    return { ...parts, button, name, isInView: true, isLive: false, record: null, receivedMs: -Infinity, latencyMs: undefined, isNew: true };
}

/** All faces of a record, where they are in the frame. */
function drawFaces(tile, mirror, colours) {
    const { context, width, height } = beginCanvas(tile.canvas);
    const { record } = tile;
    if (!record || !tile.isLive) {
        return;
    }
    const scale = Math.min(width / record.width, height / record.height);
    const [left, top] = [(width - scale * record.width) / 2, (height - scale * record.height) / 2];
    const place = ([x, y]) => [left + scale * (mirror ? record.width - x : x), top + scale * y];
    for (const face of record.faces) {
        drawContours(context, face.keypoints ?? [], place, colours, { line: LINE, point: 0 });
    }
}

/**
 * @param {import("./mocap.js").MocapClient} client
 * @param {(name: string) => void} onChoose puts a stream on the stage
 * @param {() => {isMirror: boolean, colours: object}} look
 */
export function makeWall(client, onChoose, look) {
    const wall = byId("wall");
    const grid = byId("wall-tiles");
    let tiles = new Map();
    const views = new IntersectionObserver((entries) => {
        for (const { target, isIntersecting } of entries) {
            const tile = tiles.get(target.dataset.stream);
            if (tile) {
                tile.isInView = isIntersecting;
            }
        }
    });

    function describe(tile, nowMs) {
        const state = client.states.get(tile.name);
        const words = wordsOf(state);
        tile.button.dataset.state = !tile.isLive ? (state?.state ?? "connecting") : tile.record?.faces.length === 0 ? "nobody" : "live";
        setText(tile.state, words);
        tile.button.title = tile.isLive ? "" : words; // the whole of it
        setText(tile.faces, tile.isLive && tile.record ? facesText(tile.record.faces.length) : "");
        const hasLatency = tile.isLive && tile.latencyMs !== undefined && nowMs - tile.receivedMs < STALE_MS;
        setText(tile.latency, hasLatency ? `${Math.round(tile.latencyMs)} ms` : "");
    }

    function draw() {
        if (wall.hidden || document.hidden) {
            return;
        }
        const { isMirror, colours } = look();
        const nowMs = performance.now();
        for (const tile of tiles.values()) {
            describe(tile, nowMs);
            if (tile.isNew && tile.isInView) {
                tile.isNew = false;
                drawFaces(tile, isMirror, colours);
            }
        }
    }
    setInterval(draw, DRAWN_EVERY_MS);

    /** When a camera comes back others may be there: what was seen before is not drawn again. */
    function setLive(tile, isLive) {
        Object.assign(tile, { isLive, isNew: true, record: isLive ? tile.record : null });
    }
    client.addEventListener("state", ({ detail: { stream, state } }) => tiles.has(stream) && setLive(tiles.get(stream), state === "live"));
    client.addEventListener("link", () => tiles.forEach((tile) => setLive(tile, false)));

    client.addEventListener("record", ({ detail: record }) => {
        const tile = tiles.get(record.stream);
        if (tile) {
            const nowMs = performance.now();
            Object.assign(tile, { record, isNew: true, receivedMs: nowMs, latencyMs: client.latencyMs(record, nowMs) });
        }
    });

    return {
        /** The streams there are. */
        setStreams(names) {
            views.disconnect();
            tiles = new Map(names.map((name) => [name, makeTile(name, onChoose)]));
            grid.replaceChildren(...[...tiles.values()].map(({ button }) => button));
            for (const { button } of tiles.values()) {
                views.observe(button);
            }
        },
        /** Colours or the mirror have changed. */
        refresh() {
            for (const tile of tiles.values()) {
                tile.isNew = true;
            }
        },
        /** Puts the focus on a stream's tile. */
        focus: (name) => tiles.get(name)?.button.focus(),
        draw,
    };
}
