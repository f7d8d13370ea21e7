/** The user's own VRM model (0.x or 1.0), read in the browser. */
import { VRMLoaderPlugin, VRMUtils } from "@pixiv/three-vrm";
import { Vector3 } from "three";
import { GLTFLoader } from "three/examples/jsm/loaders/GLTFLoader.js";
import { NO_MODEL } from "../model_file.js";
import { makeScene } from "./scene.js";

const NECK_SHARE = 1 / 3;
const CHEST = 0.16; // below the head's bone, in heights of that bone
const MARGIN = 0.035; // around the head, likewise
const SAMPLES = 3000; // points of each mesh that are measured
const ARM_DOWN = 1.2; // radians, from a T

/** Weights of a model's presets, for models without ARKit's shapes. */
function presetsOf(shapes) {
    const open = shapes.jawOpen;
    const round = Math.max(shapes.mouthFunnel, shapes.mouthPucker);
    const wide = (shapes.mouthStretchLeft + shapes.mouthStretchRight) / 2;
    return {
        aa: open * (1 - round) * (1 - wide),
        ee: open * (1 - round) * wide,
        oh: open * round,
        ou: (1 - open) * round,
        ih: (1 - open) * (1 - round) * wide,
        blinkLeft: shapes.eyeBlinkLeft,
        blinkRight: shapes.eyeBlinkRight,
    };
}

/** The model's expressions by their lower-case names. */
function namesOf(vrm) {
    const names = new Map();
    for (const { expressionName } of vrm.expressionManager?.expressions ?? []) {
        names.set(expressionName.toLowerCase(), expressionName);
    }
    return names;
}

/** three.js cannot draw a mesh without positions. */
function hideHollow(vrm) {
    vrm.scene.traverse((mesh) => {
        if (mesh.isMesh && !mesh.geometry.attributes.position) {
            mesh.visible = false;
        }
    });
}

/** How far the model reaches up, and above the neck to the side and forward, hair and ears included. */
function reachOf(vrm, neckY) {
    const point = new Vector3();
    const reach = { top: neckY, side: 0, front: 0, points: 0 };
    vrm.scene.traverse((mesh) => {
        const count = mesh.isMesh && mesh.visible ? mesh.geometry.attributes.position.count : 0;
        reach.points += count;
        for (let i = 0; i < count; i += Math.max(1, Math.floor(count / SAMPLES))) {
            mesh.getVertexPosition(i, point).applyMatrix4(mesh.matrixWorld);
            if (point.y > neckY) {
                reach.top = Math.max(reach.top, point.y);
                reach.side = Math.max(reach.side, Math.abs(point.x));
                reach.front = Math.max(reach.front, point.z);
            }
        }
    });
    return reach;
}

/** From the chest to above the hair. */
function frame(stage, vrm) {
    const at = new Vector3();
    vrm.scene.updateMatrixWorld(true);
    (vrm.humanoid.getRawBoneNode("head") ?? vrm.scene).getWorldPosition(at);
    const { top, side, front, points } = reachOf(vrm, at.y);
    if (points === 0 || !Number.isFinite(top)) {
        throw new Error("its meshes have no positions");
    }
    const low = at.y - CHEST * at.y;
    const high = top + MARGIN * at.y;
    stage.setSubject({ y: (low + high) / 2, height: high - low, width: 2 * (side + MARGIN * at.y), depth: front });
}

const damaged = ({ message }) => new Error(`this model is damaged (${message}). Export it again, or choose another file`);

async function load(bytes) {
    const loader = new GLTFLoader();
    loader.register((parser) => new VRMLoaderPlugin(parser));
    let vrm;
    try {
        ({ vrm } = (await loader.parseAsync(bytes, "")).userData);
    } catch (error) {
        throw damaged(error);
    }
    if (!vrm?.humanoid) {
        throw new Error(NO_MODEL);
    }
    VRMUtils.rotateVRM0(vrm);
    return vrm;
}

/** Lets the arms hang, and frames the model. */
function pose(stage, vrm, way) {
    for (const [side, sign] of [["left", -1], ["right", 1]]) {
        const arm = vrm.humanoid.getNormalizedBoneNode(`${side}UpperArm`);
        if (arm) {
            arm.rotation.z = way * sign * ARM_DOWN;
        }
    }
    vrm.update(0);
    hideHollow(vrm);
    frame(stage, vrm);
}

/**
 * Puts a model into an element.
 * @param {ArrayBuffer} bytes of a .vrm file
 * Rejects with a sentence for people, and then leaves nothing in the element.
 */
export async function makeModel(parent, bytes) {
    const vrm = await load(bytes);
    const stage = makeScene(parent);
    const bone = (name) => vrm.humanoid.getNormalizedBoneNode(name);
    const dispose = () => {
        stage.dispose();
        VRMUtils.deepDispose(vrm.scene);
    };
    // VRM 0 models face the other way: rotations about x and z change sign.
    const way = vrm.meta?.metaVersion === "0" ? -1 : 1;
    const names = namesOf(vrm);
    const hasShapes = names.has("jawopen");
    let lastMs = performance.now();

    stage.scene.add(vrm.scene);
    try {
        pose(stage, vrm, way);
    } catch (error) {
        dispose();
        throw damaged(error);
    }

    function turn(name, face, share) {
        const node = bone(name);
        if (node) {
            node.rotation.order = "YXZ";
            node.rotation.set(way * face.pitch * share, face.yaw * share, -way * face.roll * share);
        }
    }

    return {
        title: vrm.meta?.name ?? vrm.meta?.title ?? "",
        show(face) {
            const values = hasShapes ? face.shapes : presetsOf(face.shapes);
            for (const [name, value] of Object.entries(values)) {
                const known = names.get(name.toLowerCase());
                if (known !== undefined) {
                    vrm.expressionManager.setValue(known, value);
                }
            }
            turn("neck", face, NECK_SHARE);
            turn("head", face, 1 - NECK_SHARE);
            const nowMs = performance.now();
            vrm.update(Math.min(0.1, (nowMs - lastMs) / 1000));
            lastMs = nowMs;
            stage.draw();
        },
        dispose,
    };
}
