/**
 * What MediaPipe's Face Landmarker says about the images of a folder, as `mocap-lab shapes --other`
 * reads it. It runs in Chromium, with its usual thresholds, every image by itself.
 *
 *     node mediapipe.mjs PLAYWRIGHT_DIR PACKAGE_DIR face_landmarker.task FOLDER OUT.json
 *
 * PLAYWRIGHT_DIR has node_modules/playwright-core; PACKAGE_DIR is the npm package
 * @mediapipe/tasks-vision. Nothing is fetched from the network.
 */
import { readFile, writeFile } from "node:fs/promises";
import { extname, join, resolve, sep } from "node:path";

import { findChromium, openPage } from "../web/browser.js";

const WAIT_MS = 600_000;
const ORIGIN = "https://bench.invalid";
const TYPES = { ".mjs": "text/javascript", ".js": "text/javascript", ".wasm": "application/wasm" };

/** Answers the page's requests from folders: the first part of a path names one of them. */
async function serve(route, folders) {
    const [, name, ...rest] = decodeURIComponent(new URL(route.request().url()).pathname).split("/");
    if (name === "") {
        return route.fulfill({ contentType: "text/html", body: "<!doctype html><title>bench</title>" });
    }
    const folder = folders[name];
    const path = folder === undefined ? "" : resolve(folder, ...rest);
    if (folder === undefined || (path !== folder && !path.startsWith(folder + sep))) {
        return route.abort();
    }
    return route.fulfill({ contentType: TYPES[extname(path)] ?? "application/octet-stream", body: await readFile(path) });
}

/** In the page. */
async function createLandmarker() {
    const { FaceLandmarker } = await import("/package/vision_bundle.mjs");
    const wasm = "/package/wasm/vision_wasm_internal";
    window.landmarker = await FaceLandmarker.createFromOptions(
        { wasmLoaderPath: `${wasm}.js`, wasmBinaryPath: `${wasm}.wasm` },
        {
            baseOptions: { modelAssetPath: "/task", delegate: "CPU" },
            runningMode: "IMAGE", numFaces: 1, outputFaceBlendshapes: true,
            outputFacialTransformationMatrixes: true,
        });
}

/** In the page: shapes by name and the head's 4 x 4 matrix, column by column; null without a face. */
async function detect(file) {
    const image = new Image();
    image.src = `/images/${file.split("/").map(encodeURIComponent).join("/")}`;
    await image.decode();
    const { faceBlendshapes: [shapes], facialTransformationMatrixes: [matrix] } = window.landmarker.detect(image);
    return shapes === undefined ? null : {
        shapes: Object.fromEntries(shapes.categories.map(({ categoryName, score }) => [categoryName, score])),
        matrix: Array.from(matrix.data),
    };
}

/**
 * Pitch, yaw and roll in degrees as docs/motion.md defines them. MediaPipe's axes have y up and z
 * towards the camera, so elements that mix them with x change their signs.
 */
function eulerOf(matrix) {
    const signs = [1, -1, -1];
    const scale = Math.hypot(matrix[0], matrix[1], matrix[2]);
    const at = (row, column) => signs[row] * signs[column] * matrix[4 * column + row] / scale;
    const degrees = (radians) => radians * 180 / Math.PI;
    return [Math.asin(Math.min(1, Math.max(-1, -at(1, 2)))), Math.atan2(at(0, 2), at(2, 2)),
        Math.atan2(at(1, 0), at(1, 1))].map(degrees);
}

const [playwright, packageFolder, task, images, out] = process.argv.slice(2).map((path) => resolve(path));
if (out === undefined) {
    console.error("usage: mediapipe.mjs PLAYWRIGHT_DIR PACKAGE_DIR face_landmarker.task FOLDER OUT.json");
    process.exit(2);
}
const truth = JSON.parse(await readFile(join(images, "truth.json"), "utf8"));
const { browser, page } = await openPage(findChromium(playwright), WAIT_MS);
try {
    await page.route("**/*", (route) => serve(route, { package: packageFolder, task, images }));
    await page.goto(`${ORIGIN}/`);
    await page.evaluate(createLandmarker);
    const answers = {};
    for (const { file } of truth) {
        const answer = await page.evaluate(detect, file);
        answers[file] = answer && { shapes: answer.shapes, euler: eulerOf(answer.matrix) };
    }
    await writeFile(out, JSON.stringify(answers, null, 1));
    const found = Object.values(answers).filter((answer) => answer !== null).length;
    console.error(`MediaPipe: ${truth.length} images, ${found} faces`);
} finally {
    await browser.close();
}
