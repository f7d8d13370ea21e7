/**
 * The mesh over a photo: which points it has and how triangles join them. The same for every photo,
 * because it is laid out on the neutral head; only where the points are differs.
 *
 * Each vertex is a mixture of the face's points, so that a contour of few landmarks is a smooth
 * line. Eyes and mouth are holes in the skin. Around the face are rings: the head, its hair, and
 * beyond them what moves less and less, up to what stays where it is.
 */
import { isWithin, triangulate } from "./delaunay.js";
import { MOVES, NEUTRAL_POINTS } from "./rig.js";

export const POINTS = NEUTRAL_POINTS.length / 3; // 68 landmarks, then the rest of the dense points
export const LANDMARKS = 68;

const JAW = [0, 16];
/** From the person's left to the right; between the first and the last half is a wide gap. */
const FOREHEAD = [[188, 168, 176], [140, 132, 152]];
const FOREHEAD_STEPS = 6;
const SINGLE = [[17, 35], [120, 129]]; // brows and nose, lower edges of the brows
const SURFACE = [130, 201];
const LEAST_INSIDE = 0.07; // of surface points, from the contour: nearer ones may be out of sight
const EYES = {
    right: { upper: [36, 37, 38, 39], lower: [36, 41, 40, 39], iris: 202 },
    left: { upper: [42, 43, 44, 45], lower: [42, 47, 46, 45], iris: 207 },
};
const OUTER_LIPS = [48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59];
const INNER_LIPS = { upper: [60, 61, 62, 63, 64], lower: [60, 67, 66, 65, 64] };
const LID_STEPS = 4; // vertices for each landmark of a contour
const LIP_STEPS = 3;
const LEVELS = [0.2, 0.45, 0.72, 1, 1.35, 1.8, 2.4, 3.2]; // of the rings; 1: the head's outline
const RIGID_LEVEL = 0.8; // up to here rings move as the head does
/** How far the head reaches beyond the points of its face. */
const BEYOND = { up: 0.78, side: 0.22, down: 0.3 };
const CANONICAL_OPEN = 0.4; // of the jaw, so that the layout's lips are apart

const clamp01 = (value) => Math.max(0, Math.min(1, value));
export const smoothstep = (from, to, value) => {
    const share = clamp01((value - from) / (to - from));
    return share * share * (3 - 2 * share);
};
const range = (first, last) => Array.from({ length: last - first + 1 }, (_, i) => first + i);

/** Weights of the points before and after a place on a Catmull-Rom spline. */
function splineWeights(t) {
    return [-0.5 * t + t * t - 0.5 * t ** 3, 1 - 2.5 * t * t + 1.5 * t ** 3, 0.5 * t + 2 * t * t - 1.5 * t ** 3, -0.5 * t * t + 0.5 * t ** 3];
}

/** Mixtures along a line of landmarks, its ends included. */
function along(line, steps, isClosed = false) {
    const mixtures = [];
    const at = (i) => (isClosed ? line[(i + line.length) % line.length] : line[Math.max(0, Math.min(line.length - 1, i))]);
    const count = isClosed ? line.length : line.length - 1;
    for (let i = 0; i < count * steps + (isClosed ? 0 : 1); i++) {
        const [from, t] = [Math.floor(i / steps), (i % steps) / steps];
        mixtures.push(t === 0 ? [[at(from), 1]] : splineWeights(t).map((weight, k) => [at(from - 1 + k), weight]));
    }
    return mixtures;
}

/** The contour of the points: the jaw, then the forehead. */
function contourMixtures() {
    const single = (points) => points.map((point) => [[point, 1]]);
    const [from, to] = [FOREHEAD[0][2], FOREHEAD[1][0]];
    const gap = range(1, FOREHEAD_STEPS - 1).map((i) => [[from, 1 - i / FOREHEAD_STEPS], [to, i / FOREHEAD_STEPS]]);
    return [...single(range(...JAW)), ...single(FOREHEAD[0]), ...gap, ...single(FOREHEAD[1])];
}

/** Where a mixture is. @param {ArrayLike<number>} points of size numbers each */
export function placeOf(mixture, points, size) {
    const place = new Array(size).fill(0);
    for (const [point, weight] of mixture) {
        for (let axis = 0; axis < size; axis++) {
            place[axis] += weight * points[point * size + axis];
        }
    }
    return place;
}

/**
 * A vertex of a ring: beyond a point of the face's contour.
 * @param {[number, number]} rim the point
 * @param {[number, number]} middle of the face
 * @param {number} level of the ring
 * @returns {[number, number]} in widths of the face, in the face's own axes
 */
export function beyond([x, y], [middleX, middleY], level) {
    const length = Math.hypot(x - middleX, y - middleY) || 1;
    const [right, down] = [(x - middleX) / length, (y - middleY) / length];
    return [x + level * BEYOND.side * right, y + level * (down < 0 ? BEYOND.up : BEYOND.down) * down];
}

/** How much a ring moves with the head. */
export const rigidityOf = (level) => 1 - smoothstep(RIGID_LEVEL, LEVELS[LEVELS.length - 1], level);

function canonicalPoints() {
    const places = Float32Array.from(NEUTRAL_POINTS);
    return places.map((value, i) => value + CANONICAL_OPEN * MOVES.jawOpen[i]);
}

/** Distance from a point to the nearest of a polygon's corners. */
const distanceTo = ([x, y], polygon) => Math.min(...polygon.map(([px, py]) => Math.hypot(x - px, y - py)));

/** Collects vertices; those that are added twice are one. */
function makeCollection() {
    const vertices = [];
    const numbers = new Map();
    const add = (vertex) => {
        const name = JSON.stringify(vertex);
        if (!numbers.has(name)) {
            numbers.set(name, vertices.push(vertex) - 1);
        }
        return numbers.get(name);
    };
    return { vertices, addAll: (mixtures) => mixtures.map((mixture) => add({ mixture, level: 0 })), add };
}

/** Contours of a pair of lids or lips: from corner to corner, the corners in both. */
const addPair = (collection, { upper, lower }, steps) => ({
    upper: collection.addAll(along(upper, steps)),
    lower: collection.addAll(along(lower, steps)),
});

const polygonOf = ({ upper, lower }, places) => [...upper, ...lower.slice(1, -1).reverse()].map((vertex) => places[vertex]);

let made = null;

/**
 * @returns {{
 *     vertices: {mixture: [number, number][], level: number}[],
 *     triangles: number[], contour: number[], places: [number, number][],
 *     eyes: Record<"left" | "right", {upper: number[], lower: number[], iris: number}>,
 *     lips: {upper: number[], lower: number[]}}}
 *     places are those of the layout
 */
export function photoMesh() {
    if (made) {
        return made;
    }
    const canonical = canonicalPoints();
    const collection = makeCollection();
    const contour = collection.addAll(contourMixtures());
    const at = (mixture) => placeOf(mixture, canonical, 3).slice(0, 2);
    const rim = contour.map((vertex) => at(collection.vertices[vertex].mixture));
    collection.addAll(SINGLE.flatMap(([first, last]) => range(first, last)).map((point) => [[point, 1]]));
    const inner = range(...SURFACE).map((point) => [[point, 1]]).filter((mixture) => isWithin(at(mixture), rim) && distanceTo(at(mixture), rim) > LEAST_INSIDE);
    collection.addAll(inner);
    const eyes = Object.fromEntries(Object.entries(EYES).map(([side, eye]) => [side, { ...addPair(collection, eye, LID_STEPS), iris: eye.iris }]));
    collection.addAll(along(OUTER_LIPS, LIP_STEPS, true));
    const lips = addPair(collection, INNER_LIPS, LIP_STEPS);
    for (const level of LEVELS) {
        contour.forEach((vertex) => collection.add({ mixture: collection.vertices[vertex].mixture, level }));
    }
    const { vertices } = collection;
    // Moved a little, each in its own way: neighbours on one circle have no single triangulation.
    const places = vertices.map(({ mixture, level }, i) => {
        const [x, y] = level > 0 ? beyond(at(mixture), [0, 0], level) : at(mixture);
        return [x + 1e-5 * Math.sin(7 * i), y + 1e-5 * Math.cos(11 * i)];
    });
    const holes = [eyes.left, eyes.right, lips].map((pair) => polygonOf(pair, places));
    const middleOf = (corners) => [0, 1].map((axis) => corners.reduce((sum, corner) => sum + places[corner][axis], 0) / 3);
    const triangles = triangulate(places).filter((corners) => !holes.some((hole) => isWithin(middleOf(corners), hole)));
    made = { vertices, triangles: triangles.flat(), contour, places, eyes, lips };
    return made;
}
