/** A toy head, modelled in code: bead eyes with lids, brows, lips, a jaw that drops. */
import {
    BufferAttribute,
    BufferGeometry,
    CapsuleGeometry,
    CatmullRomCurve3,
    Color,
    CylinderGeometry,
    DoubleSide,
    Float32BufferAttribute,
    Group,
    Mesh,
    MeshPhongMaterial,
    SphereGeometry,
    TorusGeometry,
    TubeGeometry,
    Vector3,
} from "three";
import { mergeGeometries } from "three/examples/jsm/utils/BufferGeometryUtils.js";
import { lookOf } from "../face.js";
import { makeScene } from "./scene.js";

const SKIN = 0xe2a98a;
const LID = 0xd39877;
const HAIR = 0x4a2f3a;
const LASH = 0x3b2426;
const LID_RADIUS = 0.165;
const LIP_POINTS = 32;

const smooth = (from, to, value) => {
    const share = Math.max(0, Math.min(1, (value - from) / (to - from)));
    return share * share * (3 - 2 * share);
};

/** shine: 0 for cloth, 1 for glass. */
const material = (color, shine = 0.1) =>
    new MeshPhongMaterial({ color, shininess: 8 + 150 * shine, specular: 0x101010 * Math.round(1 + 12 * shine) });

/** A geometry of one colour, for meshes that are merged. */
function painted(geometry, color) {
    const { r, g, b } = new Color(color);
    const colors = Array.from({ length: geometry.attributes.position.count }, () => [r, g, b]).flat();
    return geometry.setAttribute("color", new Float32BufferAttribute(colors, 3));
}

/** Merges parts that never move relative to each other: each mesh costs a draw call. */
function together(parts, shine) {
    const all = material(0xffffff, shine);
    all.vertexColors = true;
    return new Mesh(mergeGeometries(parts), all);
}

/** The point of the head's surface in the direction of a point of the unit sphere. */
function surface(x, y, z) {
    const below = smooth(0.15, -0.95, y);
    const ahead = smooth(-0.2, 0.9, z);
    return [x * (0.92 - 0.2 * below), y * (y > 0 ? 1 : 0.98), z * (0.9 - 0.06 * ahead) + 0.06 * below * ahead];
}

/** How much an opening jaw moves a point of the surface. */
const jawShare = (y, z) => smooth(-0.4, -0.8, y) * smooth(-0.3, 0.35, z);

function makeSkull() {
    const geometry = new SphereGeometry(1, 32, 22);
    const { position } = geometry.attributes;
    const opened = new Float32Array(position.count * 3);
    for (let i = 0; i < position.count; i++) {
        const [x, y, z] = surface(position.getX(i), position.getY(i), position.getZ(i));
        position.setXYZ(i, x, y, z);
        const share = jawShare(y, z);
        opened.set([x, y - 0.2 * share, z - 0.05 * share], 3 * i);
    }
    geometry.morphAttributes.position = [new Float32BufferAttribute(opened, 3)];
    geometry.computeVertexNormals();
    return new Mesh(geometry, material(SKIN));
}

function makeHair() {
    const geometry = new SphereGeometry(1, 32, 10, 0, 2 * Math.PI, 0, 1.5).rotateX(-0.55);
    const { position } = geometry.attributes;
    for (let i = 0; i < position.count; i++) {
        const [x, y, z] = surface(position.getX(i), position.getY(i), position.getZ(i));
        position.setXYZ(i, 1.05 * x, 1.05 * y, 1.05 * z);
    }
    geometry.computeVertexNormals();
    const bun = new SphereGeometry(0.33, 20, 10).translate(0, 1.12, -0.4);
    return [geometry, bun].map((part) => painted(part, HAIR));
}

/** side: 1 for the avatar's left, which is on the right of the image. */
function makeEye(side) {
    const eye = new Group();
    eye.position.set(0.31 * side, 0.0, 0.7);
    // One highlight per eye: two lamps would give four.
    const shine = new SphereGeometry(0.032, 8, 5).translate(-0.04, 0.04, 0.13);
    const ball = together([painted(new SphereGeometry(0.145, 16, 9), 0x1d1719), painted(shine, 0xffffff)], 0);
    // Each lid is a hemisphere of the face's own colour with a lash on its rim; its rotation closes
    // the eye.
    const lids = [1, -1].map((way) => {
        const skin = new SphereGeometry(LID_RADIUS, 24, 7, 0, 2 * Math.PI, 0, Math.PI / 2);
        const lash = new TorusGeometry(LID_RADIUS, way > 0 ? 0.017 : 0.007, 5, 24, Math.PI).rotateX(Math.PI / 2);
        const lid = together([painted(skin, SKIN), painted(lash, LASH)]);
        lid.material.side = DoubleSide;
        lid.scale.y = way;
        return lid;
    });
    eye.add(ball, ...lids);
    const brow = new Mesh(new CapsuleGeometry(0.036, 0.2, 3, 7), material(HAIR));
    return { side, eye, ball, lids, brow };
}

function showEye({ side, eye, ball, lids, brow }, face) {
    const name = side > 0 ? "Left" : "Right";
    const blink = face.shapes[`eyeBlink${name}`];
    const wide = face.shapes[`eyeWide${name}`];
    lids[0].rotation.x = -0.62 - 0.35 * wide + 0.98 * blink;
    lids[1].rotation.x = 0.72 + 0.2 * wide - 0.38 * blink;
    eye.scale.z = 1 - 0.3 * blink; // a shut eye is no ball,
    ball.visible = blink < 0.97; // and nothing shines through its lid
    const [lookX, lookY] = lookOf(face, side);
    ball.rotation.set(0.58 * lookY, 0.58 * lookX, 0);
    const down = face.shapes[`browDown${name}`];
    const inner = face.shapes.browInnerUp;
    const outer = face.shapes[`browOuterUp${name}`];
    brow.position.set(eye.position.x, 0.29 + 0.07 * (inner + outer) - 0.07 * down, 0.78);
    brow.rotation.set(-0.25, 0, Math.PI / 2 + side * (-0.14 + 0.5 * (outer - inner) + 0.4 * down));
}

/** The lips as a closed line around the centre of the mouth. */
function placeLips(points, shapes, open) {
    const smile = [shapes.mouthSmileRight - shapes.mouthFrownRight, shapes.mouthSmileLeft - shapes.mouthFrownLeft];
    const round = Math.max(shapes.mouthPucker, shapes.mouthFunnel);
    const stretch = (shapes.mouthStretchLeft + shapes.mouthStretchRight) / 2;
    const half = 0.22 * (1 + 0.2 * stretch + 0.12 * (smile[0] + smile[1]) - 0.5 * round);
    const high = 0.022 + 0.15 * open;
    points.forEach((point, i) => {
        const angle = (2 * Math.PI * i) / LIP_POINTS;
        const across = Math.cos(angle);
        const x = half * across;
        const lift = 0.02 + 0.1 * smile[across > 0 ? 1 : 0];
        const y = high * Math.sin(angle) * (1 - 0.3 * across * across) + lift * across * across - 0.02;
        // Follow the face, which is spherical there.
        point.set(x, y, 0.06 * round - 0.75 * x * x - 0.5 * y * y);
    });
}

/** The lips and the dark between them: a fan from the centre to the line. */
function makeMouth() {
    const points = Array.from({ length: LIP_POINTS }, () => new Vector3());
    const fan = new BufferGeometry();
    fan.setAttribute("position", new BufferAttribute(new Float32Array(3 * (LIP_POINTS + 1)), 3));
    fan.setIndex(points.flatMap((_, i) => [LIP_POINTS, i, (i + 1) % LIP_POINTS]));
    const dark = material(0x3a151b, 0);
    const inside = new Mesh(fan, dark);
    const lips = new Mesh(undefined, material(0xb9625a, 0.3));
    const mouth = new Group();
    mouth.add(inside, lips);
    const show = (shapes) => {
        const open = Math.min(1, shapes.jawOpen + 0.3 * shapes.mouthFunnel);
        placeLips(points, shapes, open);
        points.forEach(({ x, y, z }, i) => fan.attributes.position.setXYZ(i, x, y, z));
        fan.attributes.position.setXYZ(LIP_POINTS, 0, 0, -0.01);
        fan.attributes.position.needsUpdate = true;
        fan.computeVertexNormals();
        lips.geometry.dispose();
        lips.geometry = new TubeGeometry(new CatmullRomCurve3(points, true), 32, 0.026, 5, true);
        const aside = 0.08 * (shapes.mouthLeft - shapes.mouthRight) + 0.05 * (shapes.jawLeft - shapes.jawRight);
        mouth.position.set(aside, -0.47 - 0.08 * open, 0.81 - 0.02 * open);
    };
    return { mouth, show };
}

function makeNose() {
    return painted(new SphereGeometry(0.13, 16, 10).scale(1, 0.85, 0.9).translate(0, -0.2, 0.85), 0xdb9a7b);
}

const makeEar = (side) =>
    painted(new SphereGeometry(0.17, 12, 8).scale(0.45, 1.1, 0.7).translate(0.9 * side, -0.1, 0), LID);

function makeBody() {
    const neck = new CylinderGeometry(0.34, 0.42, 1, 24).translate(0, -1.25, -0.12);
    const shoulders = new SphereGeometry(1, 28, 12).scale(1.35, 0.72, 0.7).translate(0, -2.25, -0.15);
    return together([painted(neck, LID), painted(shoulders, 0x2a7f86)], 0);
}

/** Puts the head into an element. Throws without WebGL. */
export function makeHead(parent) {
    const stage = makeScene(parent);
    const head = new Group();
    const skull = makeSkull();
    const eyes = [1, -1].map(makeEye);
    const { mouth, show: showMouth } = makeMouth();
    head.add(skull, together([...makeHair(), makeNose(), makeEar(1), makeEar(-1)]), mouth);
    for (const { eye, brow } of eyes) {
        head.add(eye, brow);
    }
    // It rotates about the top of the neck.
    const pivot = new Group();
    pivot.position.y = -0.75;
    head.position.y = 0.75;
    pivot.rotation.order = "YXZ";
    pivot.add(head);
    stage.scene.add(pivot, makeBody());
    stage.setSubject({ y: -0.1, height: 3.4, width: 2.5, depth: 0 });
    return {
        show(face) {
            pivot.rotation.set(face.pitch, face.yaw, -face.roll);
            pivot.position.x = 0.25 * face.x;
            skull.morphTargetInfluences[0] = face.shapes.jawOpen;
            for (const eye of eyes) {
                showEye(eye, face);
            }
            showMouth(face.shapes);
            stage.canvas.dataset.mouthOpen = face.shapes.jawOpen.toFixed(3);
            stage.draw();
        },
        dispose: stage.dispose,
    };
}
