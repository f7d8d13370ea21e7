/** From a picture file to a photo that can move: decoded here, its face found by mocap-web. */
import { settled, useStore } from "./database.js";

const READ_MOST_MIB = 64;
const KEPT_PIXELS = 1280; // of the longer side of a photo that is kept
const ASKED_PIXELS = 720; // of what mocap-web gets
const ASKED_LEAST = 32; // of its shorter side
const KEPT_ID = 1; // there is one photo
const KEPT_TYPE = "image/jpeg";
const KEPT_QUALITY = 0.92;
const LEAST_FACE = 48; // pixels of its width, in the photo that is kept

const scaleTo = ({ width, height }, most) => Math.min(1, most / Math.max(width, height));

/** Draws a bitmap, smaller if need be. */
function draw(bitmap, scale) {
    const canvas = new OffscreenCanvas(Math.max(1, Math.round(bitmap.width * scale)), Math.max(1, Math.round(bitmap.height * scale)));
    const context = canvas.getContext("2d");
    context.fillStyle = "#fff"; // behind what is transparent
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.imageSmoothingQuality = "high";
    context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
    return { canvas, context };
}

async function decode(file) {
    if (file.size > READ_MOST_MIB * 1024 * 1024) {
        throw new Error(`a picture must be at most ${READ_MOST_MIB} MiB; this one is ${Math.ceil(file.size / 1024 / 1024)} MiB`);
    }
    try {
        return await createImageBitmap(file);
    } catch {
        throw new Error("this browser cannot read the picture. Use a JPEG, PNG or WebP file");
    }
}

/** @param {ImageData} image @returns {Uint8Array} as PPM: a line of text, then red, green, blue */
export function ppmOf({ width, height, data }) {
    const head = new TextEncoder().encode(`P6 ${width} ${height} 255\n`);
    const bytes = new Uint8Array(head.length + 3 * width * height);
    bytes.set(head);
    for (let from = 0, to = head.length; from < data.length; from += 4, to += 3) {
        bytes[to] = data[from];
        bytes[to + 1] = data[from + 1];
        bytes[to + 2] = data[from + 2];
    }
    return bytes;
}

/** The largest of a record's faces, in the pixels of a picture that is scale times as large. */
export function largestFace({ faces }, scale) {
    const face = faces.reduce((a, b) => (a && a.box[2] * a.box[3] >= b.box[2] * b.box[3] ? a : b), undefined);
    const enlarge = (points) => points.map(([x, y]) => [x * scale, y * scale]);
    return face && { ...face, box: face.box.map((value) => value * scale), keypoints: enlarge(face.keypoints), dense: enlarge(face.dense ?? []) };
}

/** @returns {Promise<object>} the face of a bitmap; rejects with a sentence for people */
async function findFace(bitmap, control) {
    const { canvas, context } = draw(bitmap, scaleTo(bitmap, ASKED_PIXELS));
    if (Math.min(canvas.width, canvas.height) < ASKED_LEAST) {
        throw new Error(`a picture of ${bitmap.width} × ${bitmap.height} pixels is too narrow. Crop it to the face`);
    }
    const record = await control.readPhoto(ppmOf(context.getImageData(0, 0, canvas.width, canvas.height)));
    const face = largestFace(record, bitmap.width / canvas.width);
    if (!face) {
        throw new Error("no face was found. Use a picture of a face looking at the camera");
    }
    if (face.dense.length === 0) {
        throw new Error("a photo needs dense points, which the face model of this mocapd does not have");
    }
    if (face.box[2] < LEAST_FACE) {
        throw new Error(`the face is only ${Math.round(face.box[2])} pixels wide. Use a picture taken from closer`);
    }
    return face;
}

/**
 * @param {File} file a picture
 * @param {{readPhoto: (ppm: Uint8Array) => Promise<object>}} control
 * @returns {Promise<{title: string, image: Blob, face: object}>} rejects with a sentence for people
 */
export async function readPhotoFile(file, control) {
    const whole = await decode(file);
    const { canvas } = draw(whole, scaleTo(whole, KEPT_PIXELS));
    whole.close();
    const bitmap = await createImageBitmap(canvas);
    try {
        const face = await findFace(bitmap, control);
        return { title: file.name, image: await canvas.convertToBlob({ type: KEPT_TYPE, quality: KEPT_QUALITY }), face };
    } finally {
        bitmap.close();
    }
}

/** Keeps a photo in place of the one before. */
export const keepPhoto = (photo) => useStore("photos", "readwrite", (store) => settled(store.put({ ...photo, id: KEPT_ID, addedMs: Date.now() })));

/** @returns {Promise<{title: string, image: Blob, face: object} | undefined>} */
export const recallPhoto = () => useStore("photos", "readonly", (store) => settled(store.get(KEPT_ID)));

export const forgetPhoto = () => useStore("photos", "readwrite", (store) => settled(store.delete(KEPT_ID)));
