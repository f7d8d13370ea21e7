/**
 * Where the vertices of a photo's mesh are when a face moves it. Lengths are the photo's pixels, x
 * to the right, y down, z away from the viewer.
 *
 * Movement is relative, as in the First Order Motion Model (Siarohin et al. 2019): the person's
 * neutral face, straight ahead, leaves the photo as it is. Blend shapes move the points of a 3-D head
 * that is fitted to the photo; then it turns, and what is around it follows less and less.
 */
import { lookOf } from "./face.js";
import { LANDMARKS, POINTS, beyond, photoMesh, placeOf, rigidityOf, smoothstep } from "./photo_mesh.js";
import { MOVES, NEUTRAL_POINTS } from "./rig.js";

/** The farthest that the head turns, radians: beyond it a photo shows that it is flat. */
export const TURN_MOST = { yaw: 0.36, pitch: 0.26, roll: 0.2 };
/** The least that it can turn when it is turned in the photo already. */
export const TURN_LEAST = 0.12;
const BACK = 0.7; // of how far it is turned already, that it turns back less

const PIVOT = [0, 0.15, 0.42]; // of the head, in widths of the face, in its own axes
const NECK = [0, 1.0, 0.42]; // about which it rolls
const DISTANCE = 5; // of the viewer, widths of the face
const DEEPEST = 0.5; // where the outline of the head is
const DEPTH_MOST = 4; // widths of the face, before and behind the pivot
const LIDS_MEET = 0.14; // of an eye's height, above its lower lid
const BLINK_GAIN = 1.12; // so that a lid that nearly closes is shut
const LOOK = [0.15, 0.075]; // how far an iris goes, in widths of the eye
/** In which share of the photo's smaller side its edge holds the rings: of the head, and beyond. */
const BORDER = { head: 0.03, beyond: 0.15 };
const SKIPPED = /^eye(Blink|LookIn|LookOut)/; // lids and irises have their own ways

const clamp = (value, low, high) => Math.max(low, Math.min(high, value));

/** As far as most, and never farther. */
export const saturate = (value, most) => most * Math.tanh(value / most);

/** The same for a head that is turned by already in the photo, which does not show its other side. */
export const saturateFrom = (value, most, already) => saturate(value, Math.max(TURN_LEAST, most - (value * already > 0 ? 1 : BACK) * Math.abs(already)));

/** A matrix, row by row, of a unit quaternion. */
function matrixOf([x, y, z, w]) {
    return [
        1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w),
        2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w),
        2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y),
    ];
}

const turned = (m, [x, y, z]) => [0, 3, 6].map((row) => m[row] * x + m[row + 1] * y + m[row + 2] * z);

/** The photo's points, x and y: the landmarks, then the dense points behind them. */
function pointsOf({ keypoints, dense }) {
    const points = new Float32Array(2 * POINTS);
    for (let i = 0; i < POINTS; i++) {
        points.set((i < LANDMARKS ? keypoints : dense)[i].slice(0, 2), 2 * i);
    }
    return points;
}

/**
 * Fits the neutral head, turned as the photo's is, to the photo's landmarks: least squares.
 * @returns {{scale: number, origin: [number, number], matrix: number[]}} pixels of a width of the face
 */
export function fitHead(points, rotation) {
    const matrix = matrixOf(rotation ?? [0, 0, 0, 1]);
    const model = Array.from({ length: LANDMARKS }, (_, i) => turned(matrix, NEUTRAL_POINTS.slice(3 * i, 3 * i + 3)));
    const mean = (axis, of) => model.reduce((sum, _, i) => sum + of(i, axis), 0) / LANDMARKS;
    const ofModel = (i, axis) => model[i][axis];
    const ofPhoto = (i, axis) => points[2 * i + axis];
    const [modelMean, photoMean] = [ofModel, ofPhoto].map((of) => [0, 1].map((axis) => mean(axis, of)));
    let [both, square] = [0, 0];
    for (let i = 0; i < LANDMARKS; i++) {
        for (const axis of [0, 1]) {
            both += (model[i][axis] - modelMean[axis]) * (points[2 * i + axis] - photoMean[axis]);
            square += (model[i][axis] - modelMean[axis]) ** 2;
        }
    }
    const scale = both / square;
    return { scale, origin: photoMean.map((value, axis) => value - scale * modelMean[axis]), matrix };
}

/** How much the photo's edge lets a place move. */
const freedomAt = ([x, y], level, { width, height }) =>
    smoothstep(0, BORDER[level > 1 ? "beyond" : "head"] * Math.min(width, height), Math.min(x, y, width - x, height - y));

/** The mesh on the photo: where its vertices rest, and what each shape adds. */
function layOut(photo, points, head) {
    const mesh = photoMesh();
    const { scale, origin, matrix } = head;
    const count = mesh.vertices.length;
    const rest = new Float32Array(3 * count);
    const weights = new Float32Array(count).fill(1); // how much each moves with the head
    const length = Math.hypot(matrix[0], matrix[3]);
    const [cos, sin] = [matrix[0] / length, matrix[3] / length];
    mesh.vertices.forEach(({ mixture, level }, i) => {
        const [x, y] = placeOf(mixture, points, 2);
        const depth = turned(matrix, placeOf(mixture, NEUTRAL_POINTS, 3))[2];
        const [dx, dy] = [(x - origin[0]) / scale, (y - origin[1]) / scale];
        if (level === 0) {
            rest.set([x, y, scale * depth], 3 * i);
            return;
        }
        // In the face's own axes and back.
        const [localX, localY] = beyond([cos * dx + sin * dy, cos * dy - sin * dx], [0, 0], level);
        const place = [origin[0] + scale * (cos * localX - sin * localY), origin[1] + scale * (sin * localX + cos * localY)];
        rest.set([...place, scale * (depth + (DEEPEST - depth) * Math.min(1, level) ** 2)], 3 * i);
        weights[i] = rigidityOf(level) * freedomAt(place, level, photo);
    });
    return { mesh, rest, weights };
}

/** How far each shape moves each vertex, pixels. */
function makeMoves({ mesh }, { scale, matrix }) {
    const moves = {};
    for (const [name, points] of Object.entries(MOVES)) {
        if (SKIPPED.test(name)) {
            continue;
        }
        moves[name] = new Float32Array(3 * mesh.vertices.length);
        mesh.vertices.forEach(({ mixture, level }, i) => {
            const share = scale * (1 - smoothstep(0, 1.2, level));
            if (share > 0) {
                moves[name].set(turned(matrix, placeOf(mixture, points, 3)).map((value) => share * value), 3 * i);
            }
        });
    }
    return moves;
}

/** An eye of the photo: its size, its axes, and its iris. */
function eyeOf({ upper, lower, iris }, rest, points) {
    const at = (vertex) => [rest[3 * vertex], rest[3 * vertex + 1]];
    const [[ax, ay], [bx, by]] = [at(upper[0]), at(upper[upper.length - 1])];
    const width = Math.hypot(bx - ax, by - ay);
    const irisAt = (k) => [points[2 * (iris + k)], points[2 * (iris + k) + 1]];
    const centre = irisAt(0);
    const radius = [1, 2, 3, 4].reduce((sum, k) => sum + Math.hypot(irisAt(k)[0] - centre[0], irisAt(k)[1] - centre[1]), 0) / 4;
    const ring = [...upper, ...lower.slice(1, -1).reverse()];
    return { upper, lower, ring, width, across: [(bx - ax) / width, (by - ay) / width], middle: [(ax + bx) / 2, (ay + by) / 2], centre, radius };
}

/** Closes lids over an eye, in place. */
function closeLids({ upper, lower }, amount, places) {
    upper.forEach((from, i) => {
        const to = lower[i];
        if (from === to || amount <= 0) {
            return;
        }
        for (let axis = 0; axis < 3; axis++) {
            const [high, low] = [places[3 * from + axis], places[3 * to + axis]];
            const meeting = low + LIDS_MEET * (high - low);
            places[3 * from + axis] += amount * (meeting - high);
            places[3 * to + axis] += amount * (meeting - low);
        }
    });
}

/** Lips and lids touch, but do not go through each other. */
function keepApart({ upper, lower }, [downX, downY], places) {
    upper.forEach((high, i) => {
        const low = lower[i];
        const gap = (places[3 * low] - places[3 * high]) * downX + (places[3 * low + 1] - places[3 * high + 1]) * downY;
        if (high !== low && gap < 0) {
            for (let axis = 0; axis < 2; axis++) {
                const half = (gap / 2) * (axis === 0 ? downX : downY);
                places[3 * high + axis] += half;
                places[3 * low + axis] -= half;
            }
        }
    });
}

/** Turns a place as the head is turned. Returns a function of x, y, z; its z is from the pivot on. */
function makeTurn(face, { scale, origin, matrix }) {
    const place = (point) => turned(matrix, point).map((value, axis) => scale * value + (origin[axis] ?? 0));
    const [[px, py, pz], [nx, ny]] = [place(PIVOT), place(NECK)];
    const already = { yaw: Math.atan2(-matrix[2], matrix[8]), pitch: Math.asin(clamp(-matrix[5], -1, 1)), roll: 0 };
    const [yaw, pitch, roll] = ["yaw", "pitch", "roll"].map((name) => saturateFrom(face[name], TURN_MOST[name], already[name]));
    const [sy, cy, sp, cp, sr, cr] = [Math.sin(yaw), Math.cos(yaw), Math.sin(pitch), Math.cos(pitch), Math.sin(roll), Math.cos(roll)];
    return (x, y, z) => {
        const [dx, dy, dz] = [x - px, y - py, z - pz];
        const [y1, z1] = [dy * cp - dz * sp, dy * sp + dz * cp];
        const [x2, z2] = [dx * cy - z1 * sy, dx * sy + z1 * cy];
        const nearer = (DISTANCE * scale + dz) / (DISTANCE * scale + z2);
        const [rx, ry] = [px + x2 * nearer - nx, py + y1 * nearer - ny];
        return [nx + rx * cr - ry * sr, ny + rx * sr + ry * cr, z2];
    };
}

/**
 * @param {{width: number, height: number, face: object}} photo its face as in a record, with dense points
 * @returns the mesh, its rest, and pose(face), which fills what it returns anew each time:
 *     places  x, y of each vertex
 *     depths  from -1, the nearest, to 1
 *     open    the same with the lids where the eyes are widest: what is behind them
 *     still   of the lips: where they would be at rest
 *     looks   by eye: how far its iris goes
 *     parted  how far the lips are apart in their middle, widths of the face
 *     raised  how far the upper lip is above where it rests, likewise
 */
export function makeWarp(photo) {
    const points = pointsOf(photo.face);
    const head = fitHead(points, photo.face.pose?.rotation);
    const laid = layOut(photo, points, head);
    const { mesh, rest, weights } = laid;
    const moves = makeMoves(laid, head);
    const eyes = { left: eyeOf(mesh.eyes.left, rest, points), right: eyeOf(mesh.eyes.right, rest, points) };
    const length = Math.hypot(head.matrix[1], head.matrix[4]);
    const down = [head.matrix[1] / length, head.matrix[4] / length];
    const photoShapes = photo.face.shapes ?? {};
    const moved = new Float32Array(rest.length);
    const wide = new Float32Array(rest.length);
    const places = new Float32Array(2 * mesh.vertices.length);
    const depths = new Float32Array(mesh.vertices.length);
    const open = new Float32Array(2 * mesh.vertices.length);
    const still = new Float32Array(2 * mesh.vertices.length);
    const along = (vertices, vertex) => vertices[3 * vertex] * down[0] + vertices[3 * vertex + 1] * down[1];
    const middleLips = [mesh.lips.upper, mesh.lips.lower].map((row) => row[(row.length - 1) / 2]);
    const apartIn = (vertices) => (along(vertices, middleLips[1]) - along(vertices, middleLips[0])) / head.scale;

    function addShapes(shapes) {
        moved.set(rest);
        for (const [name, move] of Object.entries(moves)) {
            // What the photo shows already cannot be added once more.
            const share = clamp(shapes[name], 0, 1 - clamp(photoShapes[name] ?? 0, 0, 1));
            if (share > 0.004) {
                for (let i = 0; i < moved.length; i++) {
                    moved[i] += share * move[i];
                }
            }
        }
    }

    /** What is behind the lids covers at least what the photo shows of it. */
    function widen(eye) {
        for (const vertex of eye.ring) {
            const reach = (vertices) => Math.hypot(vertices[3 * vertex] - eye.middle[0], vertices[3 * vertex + 1] - eye.middle[1]);
            const source = reach(moved) > reach(rest) ? moved : rest;
            wide.set(source.subarray(3 * vertex, 3 * vertex + 3), 3 * vertex);
        }
    }

    function turnAll(face) {
        const turn = makeTurn(face, head);
        const put = (to, from, i) => {
            const [x, y, z] = turn(from[3 * i], from[3 * i + 1], from[3 * i + 2]);
            to[2 * i] = rest[3 * i] + weights[i] * (x - rest[3 * i]);
            to[2 * i + 1] = rest[3 * i + 1] + weights[i] * (y - rest[3 * i + 1]);
            return z;
        };
        for (let i = 0; i < weights.length; i++) {
            depths[i] = clamp(put(places, moved, i) / (DEPTH_MOST * head.scale), -1, 1);
        }
        for (const { ring } of Object.values(eyes)) {
            ring.forEach((vertex) => put(open, wide, vertex));
        }
        for (const vertex of [...mesh.lips.upper, ...mesh.lips.lower]) {
            put(still, rest, vertex);
        }
    }

    return {
        mesh,
        rest,
        eyes,
        head,
        /** How far the photo's own lips are apart. */
        parted: apartIn(rest),
        pose(face) {
            addShapes(face.shapes);
            const looks = {};
            for (const [side, name, sign] of [["left", "Left", 1], ["right", "Right", -1]]) {
                const eye = eyes[side];
                keepApart(eye, down, moved);
                widen(eye);
                closeLids(eye, clamp(BLINK_GAIN * face.shapes[`eyeBlink${name}`], 0, 1), moved);
                const [x, y] = face.seesGaze ? lookOf(face, sign) : [0, 0];
                looks[side] = [LOOK[0] * clamp(x, -1, 1) * eye.width, LOOK[1] * clamp(y, -1, 1) * eye.width];
            }
            keepApart(mesh.lips, down, moved);
            const parted = apartIn(moved);
            const raised = (along(rest, middleLips[0]) - along(moved, middleLips[0])) / head.scale;
            turnAll(face);
            return { places, depths, open, still, looks, parted, raised };
        },
    };
}
