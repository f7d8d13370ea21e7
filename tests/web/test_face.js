import { strict as assert } from "node:assert";
import { test } from "node:test";
import { ASLEEP, NEUTRAL, SHAPES, anglesOf, blend, faceOf, lookOf } from "../../web/face.js";

const near = (got, wanted, what) => assert.ok(Math.abs(got - wanted) < 1e-6, `${what}: ${got}, wanted ${wanted}`);
const about = (axis, angle) => [0, 1, 2].map((i) => (i === axis ? Math.sin(angle / 2) : 0)).concat(Math.cos(angle / 2));

function makeRecord(faces) {
    return { width: 640, height: 480, faces };
}

const face = (more) => ({ id: 1, score: 0.5, box: [480, 0, 160, 240], ...more });

test("angles have the signs of the picture", () => {
    // x right, y down, z away: about y the nose goes left, about x up to z is down.
    const [pitch, yaw, roll] = anglesOf(about(1, -0.4));
    near(yaw, 0.4, "the nose to the right");
    near(pitch, 0, "level");
    near(roll, 0, "upright");
    near(anglesOf(about(0, 0.3))[0], 0.3, "the nose down");
    near(anglesOf(about(2, 0.2))[2], 0.2, "clockwise");
});

test("angles of a turn about all axes are those it was made of", () => {
    // First pitch, then yaw: q = yaw * pitch.
    const [sy, cy] = [Math.sin(-0.25), Math.cos(0.25)];
    const [sp, cp] = [Math.sin(0.15), Math.cos(0.15)];
    const [pitch, yaw, roll] = anglesOf([cy * sp, sy * cp, -sy * sp, cy * cp]);
    near(pitch, 0.3, "pitch");
    near(yaw, 0.5, "yaw");
    near(roll, 0, "roll");
});

test("nobody is a calm face", () => {
    assert.equal(faceOf(makeRecord([]), false), NEUTRAL);
    assert.equal(faceOf(null, true), NEUTRAL);
});

test("a face without pose and shapes looks ahead", () => {
    const shown = faceOf(makeRecord([face()]), false);
    assert.equal(shown.yaw, 0);
    assert.equal(shown.shapes.jawOpen, 0);
    near(shown.x, 0.75, "at the right");
    near(shown.y, -0.5, "above");
});

test("the highest-scoring face is shown", () => {
    const shapes = (jawOpen) => ({ shapes: { jawOpen } });
    const record = makeRecord([face({ score: 0.2, ...shapes(0) }), face({ score: 0.9, ...shapes(1) }), face({ score: 0.3, ...shapes(0) })]);
    assert.equal(faceOf(record, false).shapes.jawOpen, 1);
});

test("a face that is shown stays while it is there", () => {
    const first = face({ id: 1, score: 0.2 });
    const second = face({ id: 2, score: 0.9 });
    assert.equal(faceOf(makeRecord([first, second]), false, 1).id, 1);
    assert.equal(faceOf(makeRecord([second]), false, 1).id, 2);
    assert.equal(faceOf(makeRecord([first, second]), false, NEUTRAL.id).id, 2);
    // Nobody for a while: the highest-scoring is next.
    const gone = blend(faceOf(makeRecord([first]), false), NEUTRAL, 0.5);
    assert.equal(faceOf(makeRecord([first, second]), false, gone.id).id, 2);
});

test("a mirror swaps sides, and nothing else", () => {
    const record = makeRecord([face({ pose: { rotation: about(1, -0.4) }, shapes: { eyeBlinkLeft: 1, jawOpen: 0.5, jawRight: 0.25 } })]);
    const shown = faceOf(record, true);
    near(shown.yaw, -0.4, "yaw");
    near(shown.x, -0.75, "place");
    assert.deepEqual([shown.shapes.eyeBlinkLeft, shown.shapes.eyeBlinkRight], [0, 1]);
    assert.deepEqual([shown.shapes.jawLeft, shown.shapes.jawOpen], [0.25, 0.5]);
});

test("faces blend", () => {
    const half = blend({ ...NEUTRAL, yaw: 1, shapes: { ...NEUTRAL.shapes, jawOpen: 1 } }, NEUTRAL, 0.5);
    near(half.yaw, 0.5, "yaw");
    near(half.shapes.jawOpen, 0.5, "mouth");
});

test("all of ARKit's shapes are there", () => {
    assert.equal(new Set(SHAPES).size, 52);
    const shown = faceOf(makeRecord([face({ shapes: { tongueOut: 0.5 } })]), false);
    assert.equal(shown.shapes.tongueOut, 0.5);
    assert.equal(shown.shapes.cheekPuff, 0);
});

test("eyes look where the person does", () => {
    // To the person's left, the viewer's right, and up.
    const shapes = { eyeLookOutLeft: 0.5, eyeLookInRight: 0.5, eyeLookUpLeft: 0.25, eyeLookUpRight: 0.25 };
    const record = makeRecord([face({ shapes, gaze: { left: [-15, -6], right: [-15, -6] } })]);
    for (const side of [-1, 1]) {
        assert.deepEqual(lookOf(faceOf(record, false), side), [0.5, -0.25]);
        assert.deepEqual(lookOf(faceOf(record, true), side), [-0.5, -0.25], "in a mirror");
    }
});

test("eyes whose gaze is not known stay on the viewer", () => {
    const shown = faceOf(makeRecord([face({ pose: { rotation: about(1, -0.4) } })]), false);
    near(lookOf(shown, 1)[0], -0.24, "against the head's turn");
});

test("which face to show is a choice, as the page shows them", () => {
    const near = face({ id: 1, box: [0, 0, 300, 300], score: 0.4 });
    const right = face({ id: 2, box: [500, 0, 100, 100], score: 0.9 });
    const record = makeRecord([near, right]);
    const shown = (which, mirror) => faceOf(record, mirror, 2, which).id;
    assert.deepEqual([shown("largest", false), shown("steady", false)], [1, 2]);
    assert.deepEqual([shown("left", false), shown("right", false)], [1, 2]);
    assert.deepEqual([shown("left", true), shown("right", true)], [2, 1], "in a mirror");
});

test("the gaze is the mean of both eyes, to the viewer's right and down", () => {
    const record = makeRecord([face({ gaze: { left: [-10, 4], right: [-20, 6] } })]);
    assert.deepEqual(faceOf(record, false).gaze, [15, 5]);
    assert.deepEqual(faceOf(record, true).gaze, [-15, 5], "in a mirror");
    assert.equal(faceOf(makeRecord([face()]), false).gaze, undefined);
});

test("a sleeper's eyes are shut, and sleep comes by degrees", () => {
    const drowsy = blend(NEUTRAL, ASLEEP, 0.5);
    near(drowsy.sleep, 0.5, "sleep");
    near(drowsy.shapes.eyeBlinkLeft, 0.5, "lids");
    assert.equal(faceOf(makeRecord([face()]), false).sleep, 0);
});
