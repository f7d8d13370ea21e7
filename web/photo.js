/** The user's photo as an avatar: a portrait that moves as they do. */
import { make } from "./elements.js";
import { smoothstep } from "./photo_mesh.js";
import { makePainter } from "./photo_paint.js";
import { makeWarp } from "./photo_warp.js";

const PIXELS_MOST = 1600; // of the drawing's longer side
const LIPS_OVERLAP = 0.014; // how far the inside of the mouth reaches under the lips, widths of the face
const EYE_OVERLAP = 1.06; // of an eye under its lids
const OWN_PARTED = [0.012, 0.03]; // from the first to the second, the photo shows the inside of its mouth
const LEAST_PARTED = 0.012; // that lips part for the rest to be drawn, likewise
const TEETH_BEHIND = 0.05; // how far teeth are behind the lips, widths of the face
const LASH_WIDTH = 0.035; // of an eye's width

/** Triangles of a strip between two rows of as many vertices, the first row's first. */
const strip = (length) => Uint16Array.from(Array.from({ length: length - 1 }, (_, i) => [i, i + 1, length + i, i + 1, length + i + 1, length + i]).flat());

/** How light the face is, by colour: 1 for skin in full light. */
function lightOf(bitmap, { keypoints }) {
    const [left, top] = keypoints[2];
    const [right, bottom] = [keypoints[14][0], keypoints[33][1]];
    const context = new OffscreenCanvas(1, 1).getContext("2d");
    context.drawImage(bitmap, left, top, Math.max(1, right - left), Math.max(1, bottom - top), 0, 0, 1, 1);
    const [red, green, blue] = [...context.getImageData(0, 0, 1, 1).data].map((value) => value / 255);
    const grey = (red + green + blue) / 3;
    return [red, green, blue].map((value) => Math.min(1.1, 0.35 + 1.05 * (0.7 * grey + 0.3 * value)));
}

/** The photo as it is. */
function makeGround({ width, height }) {
    const places = Float32Array.from([0, 0, width, 0, 0, height, width, height]);
    return { places, from: places, triangles: Uint16Array.from([0, 1, 2, 1, 3, 2]) };
}

/** What is behind the lids: a fan, a little wider than the hole. */
function makeEye(eye, rest) {
    const count = eye.ring.length;
    const from = new Float32Array(2 * (count + 1));
    const places = new Float32Array(2 * (count + 1));
    const triangles = Uint16Array.from(Array.from({ length: count }, (_, i) => [count, i, (i + 1) % count]).flat());
    const fill = (to, at) => {
        const middle = [0, 1].map((axis) => eye.ring.reduce((sum, vertex) => sum + at(vertex, axis), 0) / count);
        eye.ring.forEach((vertex, i) => [0, 1].forEach((axis) => (to[2 * i + axis] = middle[axis] + EYE_OVERLAP * (at(vertex, axis) - middle[axis]))));
        to.set(middle, 2 * count);
    };
    fill(from, (vertex, axis) => rest[3 * vertex + axis]);
    return { from, places, triangles, update: (open) => fill(places, (vertex, axis) => open[2 * vertex + axis]) };
}

/** Places of two rows of vertices: from -1 to 1 along them, from 0 to 1 across. */
const acrossRows = (count) => Float32Array.from([0, 1].flatMap((row) => Array.from({ length: count }, (_, i) => [0, 0, (2 * i) / (count - 1) - 1, row]).flat()));

/** The line where an eye's lids meet. */
function makeLash({ upper, width }) {
    const count = upper.length;
    const places = new Float32Array(4 * count);
    const update = (at) => [-1, 1].forEach((edge, row) => upper.forEach((vertex, i) => places.set([at[2 * vertex], at[2 * vertex + 1] + edge * LASH_WIDTH * width], 2 * (row * count + i))));
    return { places, from: places, within: acrossRows(count), triangles: strip(count), update };
}

/** The inside of the mouth. */
function makeMouth({ upper, lower }, scale) {
    const count = upper.length;
    const rows = [upper, lower];
    const places = new Float32Array(4 * count);
    const within = acrossRows(count);
    const update = (at) => {
        const place = (vertex) => [at[2 * vertex], at[2 * vertex + 1]];
        const [[ax, ay], [bx, by], [topX, topY]] = [upper[0], upper[count - 1], upper[(count - 1) / 2]].map(place);
        const length = Math.hypot(bx - ax, by - ay) || 1;
        const [right, down] = [[(bx - ax) / length, (by - ay) / length], [(ay - by) / length, (bx - ax) / length]];
        rows.forEach((row, k) => row.forEach((vertex, i) => {
            // A little under the lips.
            const overlap = (k === 0 ? -1 : 1) * LIPS_OVERLAP * scale;
            const [x, y] = place(vertex).map((value, axis) => value + overlap * down[axis]);
            const number = k * count + i;
            places.set([x, y], 2 * number);
            within[4 * number] = ((x - (ax + bx) / 2) * right[0] + (y - (ay + by) / 2) * right[1]) / scale;
            within[4 * number + 1] = ((x - topX) * down[0] + (y - topY) * down[1]) / scale;
        }));
    };
    return { places, from: places, within, triangles: strip(count), update };
}

/** What the photo shows between its own lips. */
function makeTeeth({ upper, lower }, rest) {
    const vertices = [...upper, ...lower];
    const pick = (at, size) => vertices.flatMap((vertex) => [at[size * vertex], at[size * vertex + 1]]);
    const places = new Float32Array(2 * vertices.length);
    return { places, from: Float32Array.from(pick(rest, 3)), within: acrossRows(upper.length), triangles: strip(upper.length), update: (still) => places.set(pick(still, 2)) };
}

/**
 * Puts the photo into an element. Throws without WebGL.
 * @param {HTMLElement} parent
 * @param {{bitmap: ImageBitmap, face: object}} photo the face in the bitmap's pixels, as in a record
 * @returns {{show: (face: typeof import("./face.js").NEUTRAL) => void, canvas: HTMLCanvasElement, dispose: () => void}}
 */
export function makePhoto(parent, { bitmap, face }) {
    const { width, height } = bitmap;
    const warp = makeWarp({ width, height, face });
    const shrink = Math.min(1, PIXELS_MOST / Math.max(width, height));
    const canvas = make("canvas", { width: Math.round(width * shrink), height: Math.round(height * shrink), role: "img", "aria-label": "Your photo, which moves as you do" });
    let painter = makePainter(canvas, bitmap);
    canvas.addEventListener("webglcontextlost", (event) => event.preventDefault()); // so that it comes back
    canvas.addEventListener("webglcontextrestored", () => (painter = makePainter(canvas, bitmap)));
    const light = lightOf(bitmap, face);
    const { mesh, rest, head } = warp;
    const ground = makeGround(bitmap);
    const skin = { triangles: Uint16Array.from(mesh.triangles), from: Float32Array.from(mesh.vertices.flatMap((_, i) => [rest[3 * i], rest[3 * i + 1]])) };
    const mouth = makeMouth(mesh.lips, head.scale);
    const teeth = makeTeeth(mesh.lips, rest);
    const eyes = Object.entries(warp.eyes).map(([side, eye]) => ({ side, eye, ball: makeEye(eye, rest), lash: makeLash(eye) }));
    const own = smoothstep(...OWN_PARTED, warp.parted);
    parent.prepend(canvas);

    const blinkOf = (shapes, side) => Math.min(1, shapes[side === "left" ? "eyeBlinkLeft" : "eyeBlinkRight"]);

    return {
        canvas,
        show(next) {
            const { places, depths, still, open, looks, parted, raised } = warp.pose(next);
            painter.begin();
            painter.paint(ground, "skin");
            for (const { side, eye, ball } of eyes) {
                ball.update(open);
                painter.paint(ball, "eye", { centre: eye.centre, radius: eye.radius, look: looks[side], shut: blinkOf(next.shapes, side) });
            }
            mouth.update(places);
            painter.paint(mouth, "mouth", { light, parted: Math.max(parted, 0.001), raised, aside: -TEETH_BEHIND * Math.sin(next.yaw) });
            if (own > 0) {
                teeth.update(still);
                painter.paint(teeth, "teeth", { own, feather: smoothstep(0, LEAST_PARTED, parted - warp.parted) });
            }
            painter.paint({ ...skin, places, depths }, "skin");
            for (const { side, lash } of eyes) {
                lash.update(places);
                painter.paint(lash, "lash", { shut: smoothstep(0.6, 1, blinkOf(next.shapes, side)) });
            }
            canvas.dataset.seen = next.seen;
            canvas.dataset.mouthOpen = next.shapes.jawOpen.toFixed(3);
            canvas.dataset.asleep = next.sleep > 0.9;
        },
        dispose() {
            painter.dispose();
            bitmap.close();
            canvas.remove();
        },
    };
}
