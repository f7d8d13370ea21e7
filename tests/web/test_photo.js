/** The mathematics of the photo: its mesh, the head that is fitted to it, and how it moves. */
import { strict as assert } from "node:assert";
import { test } from "node:test";
import { isWithin, triangulate } from "../../web/delaunay.js";
import { NEUTRAL } from "../../web/face.js";
import { largestFace, ppmOf } from "../../web/photo_file.js";
import { POINTS, photoMesh, placeOf } from "../../web/photo_mesh.js";
import { TURN_LEAST, TURN_MOST, fitHead, makeWarp, saturate, saturateFrom } from "../../web/photo_warp.js";
import { MOVES, NEUTRAL_POINTS } from "../../web/rig.js";

const SIZE = 800;
const SCALE = 220; // pixels of a width of the face
const [CENTRE_X, CENTRE_Y] = [400, 380];

const near = (got, wanted, most, what) => assert.ok(Math.abs(got - wanted) <= most, `${what}: ${got}, wanted ${wanted}`);
const about = (axis, angle) => [0, 1, 2].map((i) => (i === axis ? Math.sin(angle / 2) : 0)).concat(Math.cos(angle / 2));
const shaped = (shapes, more = {}) => ({ ...NEUTRAL, ...more, shapes: { ...NEUTRAL.shapes, ...shapes } });

/** A photo of the neutral head itself, turned about the vertical axis. */
function makePhoto(yaw = 0, more = {}) {
    const [sin, cos] = [Math.sin(-yaw), Math.cos(-yaw)];
    const points = Array.from({ length: POINTS }, (_, i) => {
        const [x, y, z] = NEUTRAL_POINTS.slice(3 * i, 3 * i + 3);
        return [CENTRE_X + SCALE * (cos * x + sin * z), CENTRE_Y + SCALE * y];
    });
    const face = { keypoints: points.slice(0, 68), dense: points, pose: { rotation: about(1, -yaw) }, shapes: {}, ...more };
    return { width: SIZE, height: SIZE, face };
}

const at = (places, vertex) => [places[2 * vertex], places[2 * vertex + 1]];
const distance = ([ax, ay], [bx, by]) => Math.hypot(ax - bx, ay - by);

/** The vertex that is one point alone. */
const vertexOf = ({ vertices }, point) => vertices.findIndex(({ mixture, level }) => level === 0 && mixture.length === 1 && mixture[0][0] === point);

test("no triangle's circle holds another point", () => {
    const points = Array.from({ length: 60 }, (_, i) => [Math.sin(12.9898 * i) * 100, Math.cos(78.233 * i) * 70]);
    const triangles = triangulate(points);
    const area = ([a, b, c]) => Math.abs((points[b][0] - points[a][0]) * (points[c][1] - points[a][1]) - (points[c][0] - points[a][0]) * (points[b][1] - points[a][1])) / 2;
    assert.ok(triangles.every((triangle) => area(triangle) > 0));
    for (const [a, b, c] of triangles) {
        // By the determinant, independent of how circles are found there.
        const order = (points[b][0] - points[a][0]) * (points[c][1] - points[a][1]) > (points[c][0] - points[a][0]) * (points[b][1] - points[a][1]) ? 1 : -1;
        points.forEach(([x, y], other) => {
            if ([a, b, c].includes(other)) {
                return;
            }
            const [r, s, t] = [a, b, c].map((corner) => [points[corner][0] - x, points[corner][1] - y, (points[corner][0] - x) ** 2 + (points[corner][1] - y) ** 2]);
            const determinant = r[0] * (s[1] * t[2] - t[1] * s[2]) - r[1] * (s[0] * t[2] - t[0] * s[2]) + r[2] * (s[0] * t[1] - t[0] * s[1]);
            assert.ok(order * determinant < 1e-3, `${other} within ${[a, b, c]}`);
        });
    }
});

test("a polygon holds what is inside", () => {
    const polygon = [[0, 0], [4, 0], [4, 4], [2, 1], [0, 4]];
    assert.ok(isWithin([1, 1], polygon) && isWithin([3.5, 2], polygon));
    assert.ok(!isWithin([2, 3], polygon) && !isWithin([5, 1], polygon));
});

test("the mesh has holes for eyes and mouth, whose rims are its edges", () => {
    const { triangles, places, eyes, lips } = photoMesh();
    const edges = new Set();
    for (let i = 0; i < triangles.length; i += 3) {
        for (let k = 0; k < 3; k++) {
            edges.add([triangles[i + k], triangles[i + ((k + 1) % 3)]].sort((a, b) => a - b).join(" "));
        }
    }
    for (const { upper, lower } of [eyes.left, eyes.right, lips]) {
        for (const row of [upper, lower]) {
            row.slice(1).forEach((vertex, i) => assert.ok(edges.has([row[i], vertex].sort((a, b) => a - b).join(" ")), "a rim"));
        }
        const hole = [...upper, ...lower.slice(1, -1).reverse()].map((vertex) => places[vertex]);
        for (let i = 0; i < triangles.length; i += 3) {
            const middle = [0, 1].map((axis) => [0, 1, 2].reduce((sum, k) => sum + places[triangles[i + k]][axis] / 3, 0));
            assert.ok(!isWithin(middle, hole));
        }
    }
    assert.ok(Math.max(...triangles) < 65536, "indices have 16 bits");
});

test("mixtures are affine: they move as the points do", () => {
    for (const { mixture } of photoMesh().vertices) {
        near(mixture.reduce((sum, [, weight]) => sum + weight, 0), 1, 1e-9, "weights");
    }
    assert.deepEqual(placeOf([[1, 0.5], [2, 0.5]], [9, 9, 0, 2, 4, 6], 2), [2, 4]);
});

test("the head fits the photo of itself, turned or not", () => {
    for (const yaw of [0, 0.3]) {
        const { face } = makePhoto(yaw);
        const { scale, origin } = fitHead(Float32Array.from(face.keypoints.flat()), face.pose.rotation);
        near(scale, SCALE, 0.01, "scale");
        near(origin[0], CENTRE_X, 0.01, "x");
        near(origin[1], CENTRE_Y, 0.01, "y");
    }
});

test("a neutral face that looks ahead leaves the photo as it is", () => {
    const warp = makeWarp(makePhoto(0.2));
    const { places } = warp.pose(NEUTRAL);
    warp.mesh.vertices.forEach((_, i) => near(distance(at(places, i), [warp.rest[3 * i], warp.rest[3 * i + 1]]), 0, 0.01, `vertex ${i}`));
});

test("an open jaw parts the lips and moves nothing far from them", () => {
    const warp = makeWarp(makePhoto());
    const { parted, places } = warp.pose(shaped({ jawOpen: 1 }));
    assert.ok(parted > warp.parted + 0.1, `${parted}`);
    const chin = vertexOf(warp.mesh, 8);
    assert.ok(at(places, chin)[1] > warp.rest[3 * chin + 1] + 0.05 * SCALE, "the chin drops");
    for (const point of [17, 21, 22, 26, 27, 36, 45]) {
        const vertex = vertexOf(warp.mesh, point);
        near(distance(at(places, vertex), [warp.rest[3 * vertex], warp.rest[3 * vertex + 1]]), 0, 0.02 * SCALE, `point ${point}`);
    }
});

test("what the photo shows already is not added again", () => {
    const smile = { mouthSmileLeft: 1, mouthSmileRight: 1 };
    const corner = (photo) => {
        const warp = makeWarp(photo);
        const vertex = warp.mesh.lips.upper[0];
        return distance(at(warp.pose(shaped(smile)).places, vertex), [warp.rest[3 * vertex], warp.rest[3 * vertex + 1]]);
    };
    assert.ok(corner(makePhoto()) > 0.03 * SCALE);
    near(corner(makePhoto(0, { shapes: smile })), 0, 0.01, "a smile that is there");
    near(corner(makePhoto(0, { shapes: { mouthSmileLeft: 0.5, mouthSmileRight: 0.5 } })), corner(makePhoto()) / 2, 0.01, "half of one");
});

test("a blink shuts its own eye, whatever its size, and no lid passes the other", () => {
    const warp = makeWarp(makePhoto());
    for (const [side, other, shapes] of [["left", "right", { eyeBlinkLeft: 1 }], ["right", "left", { eyeBlinkRight: 1 }]]) {
        const { places } = warp.pose(shaped(shapes));
        const gaps = (eye) => eye.upper.slice(1, -1).map((vertex, i) => at(places, eye.lower[i + 1])[1] - at(places, vertex)[1]);
        assert.ok(gaps(warp.mesh.eyes[side]).every((gap) => Math.abs(gap) < 0.01), "shut");
        assert.ok(Math.max(...gaps(warp.mesh.eyes[other])) > 0.04 * SCALE, "open");
    }
    for (const squint of [0, 0.5, 1]) {
        const { places } = warp.pose(shaped({ eyeBlinkLeft: squint, eyeSquintLeft: 1, eyeLookDownLeft: 1, mouthPressLeft: 1, mouthClose: 1 }));
        for (const { upper, lower } of [warp.mesh.eyes.left, warp.mesh.lips]) {
            upper.forEach((vertex, i) => assert.ok(at(places, lower[i])[1] >= at(places, vertex)[1] - 0.01));
        }
    }
});

test("what is behind the lids stays when they shut, and reaches them when they open wide", () => {
    const warp = makeWarp(makePhoto());
    const top = warp.mesh.eyes.left.upper[6];
    const shut = warp.pose(shaped({ eyeBlinkLeft: 1 }));
    near(distance(at(shut.open, top), [warp.rest[3 * top], warp.rest[3 * top + 1]]), 0, 0.01, "the eye itself");
    const wide = warp.pose(shaped({ eyeWideLeft: 1 }));
    assert.deepEqual(at(wide.open, top), at(wide.places, top));
});

test("a head turns to the side, nose first, and the picture's edge stays", () => {
    const warp = makeWarp(makePhoto());
    const shift = (face, point, axis) => {
        const vertex = vertexOf(warp.mesh, point);
        return at(warp.pose(face).places, vertex)[axis] - warp.rest[3 * vertex + axis];
    };
    for (const way of [-1, 1]) {
        assert.ok(way * shift(shaped({}, { yaw: way * 0.3 }), 30, 0) > 0.1 * SCALE, "the nose");
        assert.ok(way * shift(shaped({}, { pitch: way * 0.2 }), 30, 1) > 0.05 * SCALE, "down or up");
    }
    assert.ok(shift(shaped({}, { roll: 0.2 }), 27, 0) > 0.05 * SCALE, "clockwise: the top goes to the right");
    const { places } = warp.pose(shaped({ jawOpen: 1 }, { yaw: 1, pitch: 1, roll: 1 }));
    const outer = Math.max(...warp.mesh.vertices.map(({ level }) => level));
    warp.mesh.vertices.forEach(({ level }, i) => {
        if (level === outer) {
            near(distance(at(places, i), [warp.rest[3 * i], warp.rest[3 * i + 1]]), 0, 0.01, "the background");
        }
    });
});

test("turns end smoothly where a photo would show that it is flat", () => {
    near(saturate(0.01, 0.3), 0.01, 1e-4, "small ones are as they are");
    assert.ok(saturate(3, 0.3) < 0.3 && saturate(0.4, 0.3) < saturate(0.5, 0.3));
    near(saturateFrom(3, 0.36, 0.3), TURN_LEAST, 1e-6, "on from where it looks already");
    near(saturateFrom(-3, 0.36, 0.2), -0.22, 1e-6, "and back: the photo does not show the other side");
    const warp = makeWarp(makePhoto());
    const far = warp.pose(shaped({}, { yaw: 2 })).places.slice();
    const most = warp.pose(shaped({}, { yaw: 100 })).places;
    far.forEach((value, i) => near(most[i], value, 0.3, "no further"));
    assert.ok(TURN_MOST.yaw < 0.4);
});

test("an iris goes where the person looks, within its eye", () => {
    const warp = makeWarp(makePhoto());
    const looks = (shapes) => warp.pose(shaped(shapes, { seesGaze: true })).looks;
    const { left, right } = looks({ eyeLookOutLeft: 1, eyeLookInRight: 1 });
    assert.ok(left[0] > 0 && right[0] > 0, "to the person's left, the photo's right");
    assert.ok(looks({ eyeLookUpLeft: 1 }).left[1] < 0, "up");
    assert.ok(left[0] < 0.25 * warp.eyes.left.width);
    assert.deepEqual(warp.pose(shaped({ eyeLookOutLeft: 1 })).looks.left, [0, 0], "where gaze is not known");
});

test("every shape of the rig is one of ARKit's, and moves something by less than half a face", () => {
    for (const [name, moves] of Object.entries(MOVES)) {
        assert.ok(name in NEUTRAL.shapes, name);
        assert.equal(moves.length, 3 * POINTS);
        const most = Math.max(...moves.map(Math.abs));
        assert.ok(most > 0.005 && most < 0.5, `${name}: ${most}`);
    }
    assert.equal(Object.keys(MOVES).length, 51); // all but the tongue
});

test("pixels become PPM without their opacity", () => {
    const bytes = ppmOf({ width: 2, height: 1, data: Uint8ClampedArray.from([1, 2, 3, 255, 4, 5, 6, 0]) });
    assert.deepEqual([...bytes], [...new TextEncoder().encode("P6 2 1 255\n"), 1, 2, 3, 4, 5, 6]);
});

test("of several faces the largest is taken, in the pixels of the larger picture", () => {
    const face = (edge) => ({ box: [10, 20, edge, edge], keypoints: [[1, 2, 0.9]], dense: [[3, 4, 0.9]] });
    const { box, keypoints, dense } = largestFace({ faces: [face(20), face(40), face(30)] }, 2);
    assert.deepEqual([box, keypoints, dense], [[20, 40, 80, 80], [[2, 4]], [[6, 8]]]);
    assert.equal(largestFace({ faces: [] }, 1), undefined);
});
