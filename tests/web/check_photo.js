/** The user's photo: found, moved, kept, replaced, removed; and what is no photo. */
import { strict as assert } from "node:assert";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { basename, join } from "node:path";

const EDGE = 360; // pixels of the rendered portraits
const SAME = 5; // levels of 255 by which a picture differs when it is drawn as it is: it is kept as JPEG
const TURN = 0.5; // radians

/** A rendered face that looks ahead. @returns {string} its file */
function render(synthface, directory, seed) {
    const path = join(directory, `face-${seed}.png`);
    const { status, stderr } = spawnSync(synthface, ["--still", "--frames", "1", "--seed", String(seed), "--size", `${EDGE}x${EDGE}`, "-o", path], { encoding: "utf8" });
    assert.equal(status, 0, stderr);
    return path;
}

const noteIs = (page, pattern) => page.waitForFunction((wanted) => new RegExp(wanted).test(document.getElementById("photo-note").textContent), pattern);
const isShown = (page) => page.waitForFunction(() => document.querySelector("#view-photo canvas") && document.getElementById("photo-note").textContent === "");

/** A picture of one colour, as bytes. */
async function plainPicture(page) {
    const base64 = await page.evaluate(async () => {
        const canvas = new OffscreenCanvas(200, 150);
        canvas.getContext("2d").fillRect(0, 0, 200, 150);
        const bytes = new Uint8Array(await (await canvas.convertToBlob()).arrayBuffer());
        return btoa(String.fromCharCode(...bytes));
    });
    return Buffer.from(base64, "base64");
}

async function drop(page, path) {
    await page.evaluate(
        ({ name, base64 }) => {
            const dataTransfer = new DataTransfer();
            dataTransfer.items.add(new File([Uint8Array.from(atob(base64), (c) => c.charCodeAt(0))], name, { type: "image/png" }));
            for (const type of ["dragover", "drop"]) {
                document.body.dispatchEvent(new DragEvent(type, { dataTransfer, bubbles: true, cancelable: true }));
            }
        },
        { name: basename(path), base64: readFileSync(path).toString("base64") },
    );
}

/**
 * Shows faces and measures what is drawn, within one task, because a drawing lasts no longer.
 * @returns {Promise<number[][]>} for each face how much each of the rows of regions differs from the
 *     file: [whole, mouth, the eye at the left, the eye at the right, the corner], mean levels
 */
function measure(page, path, faces) {
    return page.evaluate(
        async ({ base64, faces }) => {
            const { NEUTRAL } = await import("./face.js");
            const bytes = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
            const file = await createImageBitmap(new Blob([bytes], { type: "image/png" }));
            const pixelsOf = (image) => {
                const context = new OffscreenCanvas(file.width, file.height).getContext("2d");
                context.drawImage(image, 0, 0, file.width, file.height);
                return context.getImageData(0, 0, file.width, file.height).data;
            };
            const { recallPhoto } = await import("./photo_file.js");
            const { keypoints } = (await recallPhoto()).face;
            const around = (first, last, margin) => {
                const part = keypoints.slice(first, last + 1);
                const [xs, ys] = [0, 1].map((axis) => part.map((point) => point[axis]));
                return [Math.min(...xs) - margin, Math.min(...ys) - margin, Math.max(...xs) + margin, Math.max(...ys) + margin];
            };
            const regions = [[0, 0, file.width, file.height], around(60, 67, 6), around(36, 41, 2), around(42, 47, 2), [0, 0, 20, 20]];
            const wanted = pixelsOf(file);
            return faces.map(({ shapes, ...more }) => {
                mocap.stage.show({ ...NEUTRAL, seen: true, ...more, shapes: { ...NEUTRAL.shapes, ...shapes } });
                const drawn = pixelsOf(document.querySelector("#view-photo canvas"));
                return regions.map(([left, top, right, bottom]) => {
                    let [sum, count] = [0, 0];
                    for (let y = Math.max(0, Math.round(top)); y < Math.min(file.height, bottom); y++) {
                        for (let x = Math.max(0, Math.round(left)); x < Math.min(file.width, right); x++) {
                            for (let channel = 0; channel < 3; channel++) {
                                sum += Math.abs(drawn[4 * (y * file.width + x) + channel] - wanted[4 * (y * file.width + x) + channel]);
                                count++;
                            }
                        }
                    }
                    return sum / count;
                });
            });
        },
        { base64: readFileSync(path).toString("base64"), faces },
    );
}

async function checkMoves(page, path) {
    const [calm, open, left, right, turned, asleep] = await measure(page, path, [
        {}, { shapes: { jawOpen: 0.8 } }, { shapes: { eyeBlinkRight: 1 } }, { shapes: { eyeBlinkLeft: 1 } }, { yaw: TURN },
        { shapes: { eyeBlinkLeft: 1, eyeBlinkRight: 1 }, pitch: 0.26, roll: 0.1 },
    ]);
    assert.ok(calm.every((value) => value < SAME), `a neutral face leaves the photo as it is: ${calm}`);
    assert.ok(open[1] > 25 && open[2] < SAME && open[3] < SAME, `an open mouth: ${open}`);
    assert.ok(left[2] > 10 && left[3] < SAME && left[1] < SAME, `the right eye, at the picture's left: ${left}`);
    assert.ok(right[3] > 10 && right[2] < SAME && right[1] < SAME, `the left eye: ${right}`);
    assert.ok(turned[0] > 2 && turned[1] > 5, `the head: ${turned}`);
    assert.ok(asleep[2] > 10 && asleep[3] > 10, `asleep: ${asleep}`);
    for (const face of [calm, open, left, right, turned, asleep]) {
        assert.ok(face[4] < SAME, `the background stays: ${face}`);
    }
}

async function checkRefusals(page, web) {
    const choose = (name, mimeType, buffer) => page.setInputFiles("#photo-file", { name, mimeType, buffer });
    await choose("broken.png", "image/png", Buffer.from("no picture"));
    await noteIs(page, "^broken\\.png: this browser cannot read the picture");
    await choose("nobody.png", "image/png", await plainPicture(page));
    await noteIs(page, "^nobody\\.png: no face was found");
    const address = new URL(web);
    await page.evaluate(() => localStorage.removeItem("token"));
    await page.goto(address.origin);
    await page.keyboard.press("5");
    await choose("nobody.png", "image/png", await plainPicture(page));
    await noteIs(page, "^nobody\\.png: .*#token=");
    await page.goto(web);
    await page.keyboard.press("5");
    assert.ok(await page.locator("#photo-drop").isVisible());
}

/** A browser source of the same browser shows it, too. */
async function checkObs(page, web) {
    const source = await page.context().newPage();
    await source.goto(new URL("?obs=1&avatar=photo", web).href);
    await source.waitForSelector("#view-photo canvas");
    const seen = await source.evaluate(() => [...document.querySelectorAll("#view-photo .shelf, #view-photo .drop, #photo-note")].filter((one) => one.checkVisibility()).length);
    assert.equal(seen, 0, "only the photo");
    await source.close();
}

const titleIs = (page, title) => page.waitForFunction((wanted) => import("./photo_file.js").then(({ recallPhoto }) => recallPhoto()).then((photo) => photo?.title === wanted), title);

/** Of two files chosen one after the other the second one stays, though the first one's answer comes last. */
async function checkHaste(page, first, second) {
    let release;
    const held = new Promise((resolve) => (release = resolve));
    let count = 0;
    const isAsked = new Promise((resolve) =>
        page.route("**/photo", async (route) => {
            if (++count === 1) {
                const response = await route.fetch();
                resolve();
                await held;
                await route.fulfill({ response });
            } else {
                await route.continue();
            }
        }),
    );
    await page.waitForFunction(() => globalThis.mocap?.client.hello);
    await page.setInputFiles("#photo-file", first);
    await isAsked; // mocap-web reads one photo at a time
    await page.setInputFiles("#photo-file", second);
    await noteIs(page, "^$");
    await titleIs(page, basename(second));
    const answered = page.waitForResponse((response) => response.url().endsWith("/photo"));
    release();
    await answered;
    await page.evaluate(() => new Promise((resolve) => setTimeout(resolve))); // what waited for it has run
    const [calm] = await measure(page, second, [{}]);
    assert.ok(calm[0] < SAME, `the second file stays: ${calm}`);
    await titleIs(page, basename(second));
    await noteIs(page, "^$");
    await page.unrouteAll({ behavior: "wait" });
}

/** Where the browser keeps nothing, the photo is shown all the same; a strip is no portrait. */
async function checkStorage(page, path) {
    await page.evaluate(() => {
        globalThis.realPut = IDBObjectStore.prototype.put;
        IDBObjectStore.prototype.put = () => {
            throw new DOMException("The quota has been exceeded.", "QuotaExceededError");
        };
    });
    await page.setInputFiles("#photo-file", path);
    await noteIs(page, "is shown but could not be saved: this browser has no storage left");
    await page.evaluate(() => (IDBObjectStore.prototype.put = globalThis.realPut));
    const strip = await page.evaluate(async () => {
        const canvas = new OffscreenCanvas(2000, 60);
        canvas.getContext("2d").fillRect(0, 0, 2000, 60);
        const bytes = new Uint8Array(await (await canvas.convertToBlob()).arrayBuffer());
        return btoa(String.fromCharCode(...bytes));
    });
    await page.setInputFiles("#photo-file", { name: "strip.png", mimeType: "image/png", buffer: Buffer.from(strip, "base64") });
    await noteIs(page, "^strip.png: a picture of 1280 × 38 pixels is too narrow. Crop it to the face$");
    await page.setInputFiles("#photo-file", path);
    await titleIs(page, basename(path));
}

/**
 * @param {{synthface: string, directory: string, web: string, complaints: string[]}} at web: the page's
 *     address with its token
 * @param {(face: object) => Promise<void>} show
 * @param {(shapes: object, more?: object) => object} makeFace
 * @param {(name: string) => Promise<void>} shoot
 */
export async function checkPhoto(page, { synthface, directory, web, complaints }, show, makeFace, shoot) {
    const [first, second] = [3, 8].map((seed) => render(synthface, directory, seed));
    await page.keyboard.press("5");
    await shoot("photo-empty");
    const before = complaints.length;
    await checkRefusals(page, web);
    // That a request was refused, a browser always says.
    const refused = complaints.splice(before);
    assert.ok(refused.every((text) => /status of 403/.test(text)), `${refused}`);
    await page.keyboard.press("1");
    await drop(page, first); // which chooses its view
    await isShown(page);
    await checkMoves(page, first);
    // Through the whole way: a record, and what the page says of it.
    for (const jawOpen of [0, 1]) {
        await show(makeFace({ jawOpen }));
        assert.equal(Number(await page.locator("#view-photo canvas").getAttribute("data-mouth-open")), jawOpen);
    }
    await shoot("photo");
    await page.reload();
    await page.keyboard.press("5");
    await isShown(page);
    await checkObs(page, web);
    assert.equal(await page.locator("#photo-file-label").innerText(), "Replace");
    await page.setInputFiles("#photo-file", second);
    await page.waitForFunction(() => import("./photo_file.js").then(({ recallPhoto }) => recallPhoto()).then((photo) => photo?.title === "face-8.png"));
    await isShown(page);
    const [calm] = await measure(page, second, [{}]);
    assert.ok(calm[0] < SAME, `the other one: ${calm}`);
    assert.equal(await page.locator("#view-photo canvas").count(), 1);
    await checkHaste(page, first, second);
    await checkStorage(page, first);
    await page.locator("#photo-remove").focus();
    await page.keyboard.press("Enter");
    await page.waitForFunction(() => document.getElementById("photo-drop").checkVisibility() && !document.querySelector("#view-photo canvas"));
    await page.reload();
    await page.keyboard.press("5");
    await page.waitForFunction(() => document.getElementById("photo-drop").checkVisibility() && !document.querySelector("#view-photo canvas"));
    await page.keyboard.press("1");
}
