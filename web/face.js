/**
 * What an avatar needs of a face: the rotation of its head, and its shapes. Shared by all
 * avatars, so that each defines only its own appearance.
 */

/** The shapes of a record, in the daemon's order. */
export const SHAPES = [
    "eyeBlinkLeft", "eyeBlinkRight", "eyeWideLeft", "eyeWideRight",
    "jawOpen", "jawLeft", "jawRight", "mouthFunnel", "mouthPucker", "mouthLeft", "mouthRight",
    "mouthSmileLeft", "mouthSmileRight", "mouthFrownLeft", "mouthFrownRight",
    "mouthStretchLeft", "mouthStretchRight", "browInnerUp", "browDownLeft", "browDownRight",
    "browOuterUpLeft", "browOuterUpRight",
    "eyeLookUpLeft", "eyeLookUpRight", "eyeLookDownLeft", "eyeLookDownRight",
    "eyeLookInLeft", "eyeLookInRight", "eyeLookOutLeft", "eyeLookOutRight",
    "eyeSquintLeft", "eyeSquintRight", "jawForward", "mouthClose",
    "mouthRollUpper", "mouthRollLower", "mouthShrugUpper", "mouthShrugLower",
    "mouthDimpleLeft", "mouthDimpleRight", "mouthUpperUpLeft", "mouthUpperUpRight",
    "mouthLowerDownLeft", "mouthLowerDownRight", "mouthPressLeft", "mouthPressRight",
    "cheekPuff", "cheekSquintLeft", "cheekSquintRight", "noseSneerLeft", "noseSneerRight",
    "tongueOut",
];

const NEUTRAL_SHAPES = Object.freeze(Object.fromEntries(SHAPES.map((name) => [name, 0])));

/** No face: a neutral one that looks ahead. */
export const NEUTRAL = Object.freeze({
    seen: false,
    id: 0, // as in the record; faces have ids from 1 on
    pitch: 0, // radians; positive: down
    yaw: 0, // positive: to the viewer's right
    roll: 0, // positive: clockwise for the viewer
    x: 0, // place in the frame, -1 to 1 from left to right, and from top to bottom
    y: 0,
    shapes: NEUTRAL_SHAPES,
    seesGaze: false, // the eyeLook shapes are known
    gaze: undefined, // [to the viewer's right, down] relative to the head, degrees
    sleep: 0, // 1: asleep
});

/** Nobody is there: the avatar nods off. */
export const ASLEEP = Object.freeze({
    ...NEUTRAL,
    pitch: 0.26,
    roll: 0.1,
    shapes: Object.freeze({ ...NEUTRAL_SHAPES, eyeBlinkLeft: 1, eyeBlinkRight: 1 }),
    sleep: 1,
});

/** Breathing: the sleeping face at a time. */
export const asleepAt = (ms) => ({ ...ASLEEP, pitch: ASLEEP.pitch + 0.035 * Math.sin(ms / 900) });

/** Whose face to show, of several: what a setting may be. */
export const WHICH = {
    steady: "the same person, while visible",
    largest: "the largest (nearest) face",
    left: "the leftmost on this page",
    right: "the rightmost on this page",
};

function swapSides(shapes) {
    const swapped = {};
    for (const [name, value] of Object.entries(shapes)) {
        const other = name.endsWith("Left")
            ? name.replace(/Left$/, "Right")
            : name.replace(/Right$/, "Left");
        swapped[other] = value;
    }
    return swapped;
}

/** The head's direction from the record's quaternion: [pitch, yaw, roll], radians. */
export function anglesOf([x, y, z, w]) {
    // The direction of the nose is (0, 0, -1) in the head; x right, y down in the frame.
    const right = -2 * (x * z + y * w);
    const down = -2 * (y * z - x * w);
    const ahead = 1 - 2 * (x * x + y * y);
    const yaw = Math.atan2(right, ahead);
    const pitch = Math.atan2(down, Math.hypot(right, ahead));
    // The remaining rotation is about that direction: the tilt of the head's right side.
    const rightX = 1 - 2 * (y * y + z * z);
    const rightY = 2 * (x * y + z * w);
    const rightZ = 2 * (x * z - y * w);
    const levelX = Math.cos(yaw);
    const levelZ = Math.sin(yaw);
    const along = rightX * levelX + rightZ * levelZ;
    return [pitch, yaw, Math.atan2(rightY / Math.cos(pitch) || 0, along)];
}

/** Between both eyes. */
const middle = ({ left, right }, axis) => (left[axis] + right[axis]) / 2;

const most = (faces, value) => faces.reduce((a, b) => (a && value(a) >= value(b) ? a : b), undefined);

/** The face to show; "steady" keeps to one while it is visible, else takes the highest score. */
function choose(faces, { id, which = "steady", isMirror }) {
    const side = isMirror === (which === "left") ? 1 : -1;
    switch (which) {
        case "largest":
            return most(faces, ({ box }) => box[2] * box[3]);
        case "left":
        case "right":
            return most(faces, ({ box }) => side * (box[0] + box[2] / 2));
        default:
            return faces.find((face) => face.id === id) ?? most(faces, ({ score }) => score);
    }
}

/**
 * @param {object} record
 * @param {boolean} mirror like a mirror: the person's left is on the left
 * @param {number} [id] of the face shown so far
 * @param {keyof typeof WHICH} [which]
 * @returns {typeof NEUTRAL} the face of the record to show; NEUTRAL if there is none
 */
export function faceOf(record, mirror, id, which) {
    const face = choose(record?.faces ?? [], { id, which, isMirror: mirror });
    if (!face) {
        return NEUTRAL;
    }
    const side = mirror ? -1 : 1;
    const [pitch, yaw, roll] = face.pose ? anglesOf(face.pose.rotation) : [0, 0, 0];
    const [left, top, width, height] = face.box;
    const shapes = { ...NEUTRAL_SHAPES, ...face.shapes };
    return {
        seen: true,
        id: face.id,
        pitch,
        yaw: side * yaw,
        roll: side * roll,
        x: side * (((left + width / 2) / record.width) * 2 - 1),
        y: ((top + height / 2) / record.height) * 2 - 1,
        shapes: mirror ? swapSides(shapes) : shapes,
        seesGaze: face.gaze !== undefined,
        gaze: face.gaze && [-side * middle(face.gaze, 0), middle(face.gaze, 1)],
        sleep: 0,
    };
}

/**
 * Where an eye of an avatar looks: [x, y], -1 to 1, to the viewer's right and down. Without a
 * known gaze it keeps looking at the viewer while the head turns.
 * @param {typeof NEUTRAL} face
 * @param {number} side 1: the left eye, which is at the viewer's right; -1: the right one
 */
export function lookOf(face, side) {
    if (!face.seesGaze) {
        return [-0.6 * face.yaw, -0.6 * face.pitch];
    }
    const name = side > 0 ? "Left" : "Right";
    const look = (way) => face.shapes[`eyeLook${way}${name}`];
    return [side * (look("Out") - look("In")), look("Down") - look("Up")];
}

/** Interpolates between two faces, for changes that should be smooth. */
export function blend(from, to, share) {
    const mix = (a, b) => a + (b - a) * share;
    const shapes = {};
    for (const name of SHAPES) {
        shapes[name] = mix(from.shapes[name], to.shapes[name]);
    }
    return {
        seen: to.seen,
        id: to.id,
        pitch: mix(from.pitch, to.pitch),
        yaw: mix(from.yaw, to.yaw),
        roll: mix(from.roll, to.roll),
        x: mix(from.x, to.x),
        y: mix(from.y, to.y),
        shapes,
        seesGaze: to.seen ? to.seesGaze : from.seesGaze,
        gaze: to.gaze,
        sleep: mix(from.sleep, to.sleep),
    };
}
