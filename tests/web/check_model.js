/** A model dropped on the page: what is drawn does what the track does. */
import { strict as assert } from "node:assert";
import { makeVrm } from "./vrm.js";

const TRIES = 50; // looks at the picture: it is drawn when the browser comes to it

async function drop(page, name, bytes) {
    await page.evaluate(
        ({ name, base64 }) => {
            const dataTransfer = new DataTransfer();
            dataTransfer.items.add(new File([Uint8Array.from(atob(base64), (c) => c.charCodeAt(0))], name));
            for (const type of ["dragover", "drop"]) {
                document.body.dispatchEvent(new DragEvent(type, { dataTransfer, bubbles: true, cancelable: true }));
            }
        },
        { name, base64: bytes.toString("base64") },
    );
}

/** Of the picture's red, green and blue parts: pixels left and right of the middle, and the mean x. */
async function look(page) {
    const png = await page.locator("#view-model canvas").screenshot();
    return page.evaluate(async (base64) => {
        const bytes = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
        const picture = await createImageBitmap(new Blob([bytes], { type: "image/png" }));
        const { width, height } = picture;
        const context = new OffscreenCanvas(width, height).getContext("2d");
        context.drawImage(picture, 0, 0);
        const { data } = context.getImageData(0, 0, width, height);
        const found = ["red", "green", "blue"].map(() => ({ left: 0, right: 0, x: 0 }));
        for (let i = 0; i < data.length; i += 4) {
            const colour = [data[i], data[i + 1], data[i + 2]];
            const most = Math.max(...colour);
            const part = found[colour.indexOf(most)];
            if (most > 100 && colour.filter((value) => value > 0.8 * most).length === 1) {
                const x = (i / 4) % width;
                part[x < width / 2 ? "left" : "right"]++;
                part.x += x / width;
            }
        }
        const [mouth, nose, eyes] = found.map(({ left, right, x }) => ({ left, right, x: x / (left + right) }));
        return { mouth, nose, eyes };
    }, png.toString("base64"));
}

/** Shows a face until the picture is as it should be. */
async function shows(page, show, face, isRight) {
    let seen;
    for (let i = 0; i < TRIES; i++) {
        await show(face);
        seen = await look(page);
        if (isRight(seen)) {
            return seen;
        }
    }
    assert.fail(`${JSON.stringify(face.shapes)}, yaw ${face.yaw ?? 0}: ${JSON.stringify(seen)}`);
}

/**
 * @param {(face: object) => Promise<void>} show shows a face, in a mirror
 * @param {(shapes: object, more?: object) => object} makeFace
 */
export async function checkModel(page, show, makeFace) {
    const size = ({ left, right }) => left + right;
    const before = page.viewportSize();
    await page.setViewportSize({ width: 420, height: 620 }); // there is less to be drawn
    // What lies over the canvas has colours, too.
    await page.evaluate(() => document.querySelectorAll("#shelf, #model-note, .stage-tools").forEach((one) => (one.style.visibility = "hidden")));
    await drop(page, "flat.vrm", makeVrm());
    await page.waitForFunction(() => document.getElementById("model-note").textContent === "Flat face");
    const calm = await shows(page, show, makeFace({}), ({ mouth, nose, eyes }) =>
        size(mouth) > 0 && size(nose) > 0 && Math.abs(eyes.left - eyes.right) < 0.1 * size(eyes));
    await shows(page, show, makeFace({ jawOpen: 1 }), ({ mouth }) => size(mouth) > 4 * size(calm.mouth));
    await shows(page, show, makeFace({ jawOpen: 0.5 }), ({ mouth }) =>
        size(mouth) > 2.5 * size(calm.mouth) && size(mouth) < 5 * size(calm.mouth));
    // As in a mirror: the left eye is at the picture's left.
    await shows(page, show, makeFace({ eyeBlinkLeft: 1 }), ({ mouth, eyes }) =>
        eyes.left < 0.2 * calm.eyes.left && eyes.right > 0.8 * calm.eyes.right && size(mouth) < 2 * size(calm.mouth));
    await shows(page, show, makeFace({ eyeBlinkRight: 1 }), ({ eyes }) =>
        eyes.right < 0.2 * calm.eyes.right && eyes.left > 0.8 * calm.eyes.left);
    // Who turns to the picture's right turns to its left in a mirror.
    await shows(page, show, makeFace({}, { yaw: 0.4 }), ({ nose }) => nose.x < calm.nose.x - 0.01);
    await shows(page, show, makeFace({}, { yaw: -0.4 }), ({ nose }) => nose.x > calm.nose.x + 0.01);
    await shows(page, show, makeFace({}), ({ nose }) => Math.abs(nose.x - calm.nose.x) < 0.005);
    await page.setViewportSize(before);
    await checkDamaged(page);
    await checkShelf(page);
    await checkUnkept(page);
    await checkFirst(page);
    await checkSizes(page);
    await checkMigration(page);
}

const noteIs = (page, text) => page.waitForFunction((wanted) => document.getElementById("model-note").textContent === wanted, text);

const noteMatches = (page, pattern) => page.waitForFunction((wanted) => new RegExp(wanted).test(document.getElementById("model-note").textContent), pattern);
const titles = (page) => page.evaluate(() => import("./models.js").then(({ listModels }) => listModels()).then((models) => models.map(({ title }) => title)));
const titlesBecome = async (page, wanted) => {
    while ((await titles(page)).join() !== wanted.join()) {
        await page.waitForTimeout(20); // a model is shown before it is kept
    }
};
const file = (name, buffer = makeVrm()) => ({ name, mimeType: "model/gltf-binary", buffer });

/** A model that cannot be framed is refused, and what was shown stays; one with a part that cannot be drawn is shown. */
async function checkDamaged(page) {
    await drop(page, "hollow.vrm", makeVrm(() => false));
    await noteMatches(page, "^hollow\\.vrm: this model is damaged \\(its meshes have no positions\\)\\. Export it again");
    assert.equal(await page.locator("#view-model canvas").count(), 1, "of the one before");
    assert.deepEqual(await titles(page), ["Flat face"]);
    await page.setInputFiles("#model-replacement", file("noseless.vrm", makeVrm((part) => part !== 4)));
    await noteIs(page, "Flat face");
}

/** Several models are kept over a visit, chosen among, replaced and removed. */
async function checkShelf(page) {
    await page.reload();
    await page.keyboard.press("4");
    await noteIs(page, "Flat face");
    await page.setInputFiles("#model-file", file("second.vrm"));
    await noteIs(page, "Flat face 2");
    await page.locator("#model-choice").selectOption({ label: "Flat face" });
    await noteIs(page, "Flat face");
    await page.setInputFiles("#model-replacement", file("third.vrm"));
    await noteIs(page, "Flat face");
    assert.deepEqual(await page.locator("#model-choice option").allInnerTexts(), ["Flat face", "Flat face 2"]);
    await page.click("#model-remove");
    await noteIs(page, "Flat face 2");
    await page.click("#model-remove");
    await page.waitForFunction(() => document.getElementById("drop").checkVisibility() && !document.querySelector("#view-model canvas"));
}

const failToKeep = (page) =>
    page.evaluate(() => {
        globalThis.realPut = IDBObjectStore.prototype.put;
        IDBObjectStore.prototype.put = () => {
            throw new DOMException("The quota has been exceeded.", "QuotaExceededError");
        };
    });
const keepAgain = (page) => page.evaluate(() => (IDBObjectStore.prototype.put = globalThis.realPut));

/** A model that could not be kept is removed and replaced without touching those that were. */
async function checkUnkept(page) {
    await page.setInputFiles("#model-file", file("first.vrm"));
    await noteIs(page, "Flat face");
    await titlesBecome(page, ["Flat face"]);
    await failToKeep(page);
    await page.setInputFiles("#model-file", file("second.vrm"));
    await noteMatches(page, "^Flat face 2 is shown but could not be saved: this browser has no storage left");
    assert.deepEqual(await page.locator("#model-choice option:checked").allInnerTexts(), ["Flat face 2"]);
    await page.click("#model-remove");
    await noteIs(page, "Flat face");
    assert.deepEqual(await titles(page), ["Flat face"]);
    await page.setInputFiles("#model-replacement", file("third.vrm"));
    await noteMatches(page, "^Flat face is shown but could not be saved");
    assert.deepEqual(await titles(page), ["Flat face"], "the one that it should have replaced is still there");
    await page.click("#model-remove");
    await noteIs(page, "Flat face");
    await page.setInputFiles("#model-file", file("fourth.vrm"));
    await noteMatches(page, "^Flat face 2 is shown but could not be saved");
    await keepAgain(page);
    await page.setInputFiles("#model-replacement", file("fifth.vrm"));
    await noteIs(page, "Flat face 2");
    await page.waitForFunction(() => [...document.querySelectorAll("#model-choice option")].map((one) => one.textContent).join() === "Flat face,Flat face 2");
    assert.deepEqual(await titles(page), ["Flat face", "Flat face 2"]);
    await page.click("#model-remove");
    await noteIs(page, "Flat face");
    assert.deepEqual(await titles(page), ["Flat face"]);
    await failToKeep(page);
    await page.click("#model-remove");
    await page.waitForFunction(() => document.getElementById("drop").checkVisibility());
    await page.setInputFiles("#model-file", file("sixth.vrm"));
    await noteMatches(page, "^Flat face is shown but could not be saved");
    await page.click("#model-remove"); // there is no other
    await page.waitForFunction(() => document.getElementById("drop").checkVisibility() && !document.querySelector("#view-model canvas"));
    await keepAgain(page);
}

/** A model dropped as the first thing of a visit comes before that of the last one. */
async function checkFirst(page) {
    await page.setInputFiles("#model-file", file("kept.vrm"));
    await noteIs(page, "Flat face");
    await page.waitForFunction(() => mocap.shelf.title === "Flat face");
    await page.keyboard.press("1");
    await page.reload();
    await page.waitForFunction(() => globalThis.mocap);
    await drop(page, "dropped.vrm", makeVrm());
    await noteIs(page, "Flat face 2");
    await page.waitForFunction(() => mocap.shelf.title === "Flat face 2");
    await page.click("#model-remove");
    await noteIs(page, "Flat face");
    await page.click("#model-remove");
    await page.waitForFunction(() => document.getElementById("drop").checkVisibility());
}

/** What is no model, or too large, is refused before it is read. */
async function checkSizes(page) {
    const add = (name, bytes, size) =>
        page.evaluate(([title, base64, claimed]) => {
            const large = new File([Uint8Array.from(atob(base64), (c) => c.charCodeAt(0))], title);
            large.arrayBuffer = () => Promise.reject(new Error("it was read"));
            return mocap.shelf.add(Object.defineProperty(large, "size", { value: claimed }));
        }, [name, bytes.toString("base64"), size]);
    await add("disk.img", Buffer.alloc(100), 2 ** 36);
    await noteMatches(page, "^disk\\.img: this is not a VRM model");
    await add("huge.vrm", makeVrm(), 600 * 2 ** 20);
    await noteMatches(page, "^huge\\.vrm: a model must be at most 512 MiB; this one is 600 MiB\\. ");
}

/** Models that an older page has kept are still there, and to list them reads none of their bytes. */
async function checkMigration(page) {
    await page.evaluate(async (base64) => {
        const done = (request) => new Promise((resolve, reject) => Object.assign(request, { onsuccess: () => resolve(request.result), onerror: () => reject(request.error) }));
        await done(indexedDB.deleteDatabase("mocapd"));
        const opening = indexedDB.open("mocapd", 2);
        opening.onupgradeneeded = () => {
            opening.result.createObjectStore("models", { keyPath: "id", autoIncrement: true });
            opening.result.createObjectStore("photos", { keyPath: "id" });
        };
        const database = await done(opening);
        const store = database.transaction("models", "readwrite").objectStore("models");
        const { buffer } = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
        for (const title of ["Old", "Elder"]) {
            await done(store.put({ title, addedMs: 1, bytes: buffer }));
        }
        database.close();
    }, makeVrm().toString("base64"));
    await page.reload();
    await page.keyboard.press("4");
    await noteIs(page, "Old");
    const listed = await page.evaluate(async () => {
        const { listModels } = await import("./models.js");
        const real = [IDBObjectStore, IDBIndex].flatMap(({ prototype }) => ["get", "getAll", "openCursor"].map((name) => [prototype, name, prototype[name]]));
        try {
            real.forEach(([prototype, name]) => (prototype[name] = () => { throw new Error(`${name} reads what is kept`); }));
            return await listModels();
        } finally {
            real.forEach(([prototype, name, method]) => (prototype[name] = method));
        }
    });
    assert.deepEqual(listed.map(({ title }) => title), ["Old", "Elder"]);
    await page.click("#model-remove");
    await noteIs(page, "Elder");
    await page.click("#model-remove");
    await page.waitForFunction(() => document.getElementById("drop").checkVisibility());
}
