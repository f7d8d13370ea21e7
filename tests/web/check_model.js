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
    await checkShelf(page);
}

const noteIs = (page, text) => page.waitForFunction((wanted) => document.getElementById("model-note").textContent === wanted, text);

/** Several models are kept over a visit, chosen among, replaced and removed. */
async function checkShelf(page) {
    const file = (name) => ({ name, mimeType: "model/gltf-binary", buffer: makeVrm() });
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
