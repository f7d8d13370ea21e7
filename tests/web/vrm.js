/**
 * A small VRM 1.0 model: the bones that one must have, and on its head bone a face of
 * flat colours that a picture can be searched for. Its left is +x, it looks to +z.
 */

const FLOAT = 5126;
const UINT16 = 5123;
const GLB = { magic: 0x46546c67, json: 0x4e4f534a, binary: 0x004e4942 };

/** name: [parent, position relative to it] */
const BONES = {
    hips: [null, [0, 1, 0]],
    spine: ["hips", [0, 0.1, 0]],
    head: ["spine", [0, 0.4, 0]],
    leftUpperLeg: ["hips", [0.1, 0, 0]],
    leftLowerLeg: ["leftUpperLeg", [0, -0.45, 0]],
    leftFoot: ["leftLowerLeg", [0, -0.45, 0]],
    rightUpperLeg: ["hips", [-0.1, 0, 0]],
    rightLowerLeg: ["rightUpperLeg", [0, -0.45, 0]],
    rightFoot: ["rightLowerLeg", [0, -0.45, 0]],
    leftUpperArm: ["spine", [0.15, 0.3, 0]],
    leftLowerArm: ["leftUpperArm", [0.25, 0, 0]],
    leftHand: ["leftLowerArm", [0.25, 0, 0]],
    rightUpperArm: ["spine", [-0.15, 0.3, 0]],
    rightLowerArm: ["rightUpperArm", [-0.25, 0, 0]],
    rightHand: ["rightLowerArm", [-0.25, 0, 0]],
};

const EXPRESSIONS = ["aa", "blinkLeft", "blinkRight"];

/** Rectangles of the face; moves: by how much an expression takes the lower, the upper edge along. */
const PARTS = [
    { colour: [1, 1, 1], x: [-0.15, 0.15], y: [-0.18, 0.18], z: 0.1, moves: {} },
    { colour: [1, 0, 0], x: [-0.05, 0.05], y: [-0.09, -0.08], z: 0.105, moves: { aa: [-0.06, 0] } },
    { colour: [0, 0, 1], x: [0.04, 0.1], y: [0.03, 0.09], z: 0.105, moves: { blinkLeft: [0, -0.058] } },
    { colour: [0, 0, 1], x: [-0.1, -0.04], y: [0.03, 0.09], z: 0.105, moves: { blinkRight: [0, -0.058] } },
    { colour: [0, 1, 0], x: [-0.015, 0.015], y: [-0.03, 0.01], z: 0.2, moves: {} },
];

/** Numbers put one after the other into the file's binary part. */
class Data {
    views = [];
    accessors = [];
    #pieces = [];
    #length = 0;

    /** @returns {number} the accessor's index */
    add(numbers, componentType, type, more = {}) {
        const piece = Buffer.from((componentType === FLOAT ? Float32Array : Uint16Array).from(numbers).buffer);
        this.views.push({ buffer: 0, byteOffset: this.#length, byteLength: piece.length });
        const padded = Buffer.concat([piece, Buffer.alloc(-piece.length & 3)]);
        this.#pieces.push(padded);
        this.#length += padded.length;
        const count = numbers.length / (type === "VEC3" ? 3 : 1);
        return this.accessors.push({ bufferView: this.views.length - 1, componentType, type, count, ...more }) - 1;
    }

    bytes() {
        return Buffer.concat(this.#pieces);
    }
}

function makePart(data, indices, { x, y, z, moves }, material, hasPositions) {
    const corners = [[x[0], y[0], z], [x[1], y[0], z], [x[1], y[1], z], [x[0], y[1], z]];
    const bounds = { min: [x[0], y[0], z], max: [x[1], y[1], z] };
    const targets = EXPRESSIONS.map((name) => {
        const [lower, upper] = moves[name] ?? [0, 0];
        const by = [0, lower, 0, 0, lower, 0, 0, upper, 0, 0, upper, 0];
        const most = { min: [0, Math.min(lower, upper), 0], max: [0, Math.max(lower, upper), 0] };
        return { POSITION: data.add(by, FLOAT, "VEC3", most) };
    });
    const position = data.add(corners.flat(), FLOAT, "VEC3", bounds);
    return { attributes: hasPositions ? { POSITION: position } : { COLOR_0: position }, indices, targets, material };
}

function makeNodes() {
    const names = Object.keys(BONES);
    return names.map((name) => {
        const children = names.flatMap((other, i) => (BONES[other][0] === name ? [i] : []));
        const node = { name, translation: BONES[name][1], ...(children.length > 0 && { children }) };
        return name === "head" ? { ...node, mesh: 0 } : node;
    });
}

function makeExtension() {
    const names = Object.keys(BONES);
    const bind = (index) => ({ morphTargetBinds: [{ node: names.indexOf("head"), index, weight: 1 }] });
    return {
        specVersion: "1.0",
        meta: { name: "Flat face", authors: ["mocapd's tests"], licenseUrl: "https://vrm.dev/licenses/1.0/" },
        humanoid: { humanBones: Object.fromEntries(names.map((name, node) => [name, { node }])) },
        expressions: { preset: Object.fromEntries(EXPRESSIONS.map((name, i) => [name, bind(i)])) },
    };
}

function pack(json, binary) {
    const text = Buffer.from(JSON.stringify(json));
    const padded = Buffer.concat([text, Buffer.alloc(-text.length & 3, " ")]);
    const words = (...values) => Buffer.from(Uint32Array.from(values).buffer);
    return Buffer.concat([
        words(GLB.magic, 2, 12 + 8 + padded.length + 8 + binary.length),
        words(padded.length, GLB.json), padded,
        words(binary.length, GLB.binary), binary,
    ]);
}

/**
 * @param {(part: number) => boolean} [hasPositions] which parts of the face have corners: without, one is damaged
 * @returns {Buffer} the bytes of a .vrm file
 */
export function makeVrm(hasPositions = () => true) {
    const data = new Data();
    const indices = data.add([0, 1, 2, 0, 2, 3], UINT16, "SCALAR");
    const primitives = PARTS.map((part, i) => makePart(data, indices, part, i, hasPositions(i)));
    const binary = data.bytes();
    const json = {
        asset: { version: "2.0", generator: "mocapd's tests" },
        extensionsUsed: ["VRMC_vrm", "KHR_materials_unlit"],
        scene: 0,
        scenes: [{ nodes: [0] }],
        nodes: makeNodes(),
        meshes: [{ name: "face", primitives, weights: EXPRESSIONS.map(() => 0) }],
        materials: PARTS.map(({ colour }) => ({
            pbrMetallicRoughness: { baseColorFactor: [...colour, 1] },
            extensions: { KHR_materials_unlit: {} },
        })),
        accessors: data.accessors,
        bufferViews: data.views,
        buffers: [{ byteLength: binary.length }],
        extensions: { VRMC_vrm: makeExtension() },
    };
    return pack(json, binary);
}
