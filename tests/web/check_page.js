/**
 * The page in a real browser: what the track does, the avatar does, and the browser
 * has nothing to complain of. Exits with 77, to be skipped, where there is no
 * Chromium or no playwright-core (tests/web/install.sh brings both).
 *
 *     node check_page.js MOCAP_WEB PLAYWRIGHT_DIR [SCREENSHOTS_DIR]
 */
import { strict as assert } from "node:assert";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findChromium, openPage, startWeb } from "./browser.js";
import { checkModel } from "./check_model.js";
import { playDaemon } from "./daemon.js";
import { correlation, mouthTrack } from "./track.js";

const FRAME = { width: 640, height: 480 };
const FRAMES = 30;
const GUARD_MS = 180000; // only a test that hangs waits that long
const WAIT_MS = 60000; // a wait that fails tells its line, so it ends well before the guard

const [program, playwrightDirectory, screenshots] = process.argv.slice(2);

/** A ring of 68 points whose inner lips are as far apart as open says. */
function makeFace(shapes, more = {}) {
    const keypoints = Array.from({ length: 68 }, (_, i) => [
        320 + 90 * Math.cos((2 * Math.PI * i) / 68),
        240 + 90 * Math.sin((2 * Math.PI * i) / 68),
    ]);
    return { keypoints, shapes, ...more };
}

/** Shows faces until the page has the last, which it tells by its number. */
async function showAndWait(page, daemon, face) {
    const seq = daemon.show(face);
    await page.waitForFunction((wanted) => globalThis.mocap.page.record?.seq >= wanted && !globalThis.mocap.page.isNew, seq);
}

const mouthOf = (page, selector) => page.locator(selector).getAttribute("data-mouth-open").then(Number);

async function checkMouth(page, daemon) {
    const track = mouthTrack(FRAMES);
    const attribute = [];
    const height = [];
    for (const jawOpen of track) {
        await showAndWait(page, daemon, makeFace({ jawOpen }));
        attribute.push(await mouthOf(page, "#view-puppet svg"));
        // What is drawn, not what is said of it: the height of the path.
        height.push(await page.locator("#view-puppet g > path[stroke-linejoin]").evaluate((path) => path.getBBox().height));
    }
    assert.ok(correlation(track, attribute) > 0.99, "the mouth does what the track does");
    assert.ok(correlation(track, height) > 0.95, "and is drawn so");
    assert.ok(Math.max(...height) > 4 * Math.min(...height), `from ${Math.min(...height)} to ${Math.max(...height)}`);
}

async function checkSides(page, daemon) {
    const lidOf = (name) => page.locator(`g[clip-path="url(#eye-${name})"] > path`).evaluate((path) => path.getBBox().height);
    await showAndWait(page, daemon, makeFace({ eyeBlinkLeft: 1 }));
    const [left, right] = [await lidOf("left"), await lidOf("right")];
    assert.ok(right > left + 20, "in a mirror the left eye is the picture's left one: the avatar's right");
    await page.keyboard.press("m");
    await showAndWait(page, daemon, makeFace({ eyeBlinkLeft: 1 }));
    assert.ok((await lidOf("left")) > (await lidOf("right")) + 20, "without a mirror it is the avatar's left");
    // The person turns to the picture's right: without a mirror so does the avatar.
    const noseOf = () => page.locator("#view-puppet g > path").last().evaluate((path) => path.getBoundingClientRect().x);
    const turned = [];
    for (const yaw of [-0.4, 0.4]) {
        await showAndWait(page, daemon, makeFace({}, { yaw }));
        turned.push(await noseOf());
    }
    assert.ok(turned[1] > turned[0] + 20, `the nose goes from ${turned}`);
    await page.keyboard.press("m");
}

async function checkLost(page, daemon) {
    await showAndWait(page, daemon, makeFace({ jawOpen: 1 }));
    await showAndWait(page, daemon, null);
    await page.waitForFunction(() => Number(document.querySelector("#view-puppet svg").dataset.mouthOpen) < 0.05);
    await page.waitForFunction(() => document.getElementById("status-text").textContent === "no face in view");
}

async function checkKeys(page) {
    for (const theme of ["light", "dark"]) {
        await page.keyboard.press("t");
        assert.equal(await page.evaluate(() => getComputedStyle(document.documentElement).colorScheme), theme);
    }
    await page.keyboard.press("3");
    assert.equal(await page.locator("#tab-model").getAttribute("aria-selected"), "true");
    await page.keyboard.press("1");
    await page.locator("#tab-puppet").focus();
    await page.keyboard.press("ArrowLeft");
    assert.equal(await page.locator("#tab-model").getAttribute("aria-selected"), "true");
    await page.keyboard.press("1");
}

/** Small screens have no scrolling sideways. */
async function checkNarrow(page) {
    await page.setViewportSize({ width: 360, height: 740 });
    const [inner, whole] = await page.evaluate(() => [innerWidth, document.documentElement.scrollWidth]);
    assert.ok(whole <= inner, `${whole} pixels on a screen of ${inner}`);
    await shoot(page, "narrow");
    await page.setViewportSize({ width: 1280, height: 860 });
}

async function checkHead(page, daemon) {
    if (!(await page.evaluate(() => import("./built.js").then(({ has3d }) => has3d)))) {
        console.log("not checked: the 3-D head, which this build has not");
        return;
    }
    await page.keyboard.press("2");
    await page.waitForSelector("#view-head canvas");
    for (const jawOpen of [0, 1]) {
        await showAndWait(page, daemon, makeFace({ jawOpen }));
        assert.equal(await mouthOf(page, "#view-head canvas"), jawOpen);
    }
    await shoot(page, "head");
    await page.keyboard.press("1");
}

async function checkModels(page, daemon) {
    await page.keyboard.press("3");
    const has3d = await page.evaluate(() => import("./built.js").then((built) => built.has3d));
    if (has3d) {
        await page.setInputFiles("#model-file", { name: "no.vrm", mimeType: "model/gltf-binary", buffer: Buffer.from("glTF no") });
        await page.waitForFunction(() => /^no\.vrm: /.test(document.getElementById("model-note").textContent));
        await page.keyboard.press("1");
        await checkModel(page, (face) => showAndWait(page, daemon, face), makeFace);
        await shoot(page, "model");
    } else {
        await page.waitForFunction(() => document.getElementById("view-model").textContent.includes("3-D avatars are missing"));
    }
    await page.keyboard.press("1");
}

/** Without mocap-web the page says so. */
async function checkOffline(page, web) {
    web.removeAllListeners("exit");
    web.kill();
    await page.waitForFunction(() => document.getElementById("status").dataset.state === "offline");
}

function shoot(page, name) {
    return screenshots ? page.screenshot({ path: join(screenshots, `${name}.png`) }) : Promise.resolve();
}

async function run(chromium, directory) {
    const daemon = await playDaemon(join(directory, "s"), FRAME);
    const start = startWeb(program, join(directory, "s"));
    const { browser, page } = await openPage(chromium, WAIT_MS);
    try {
        const complaints = [];
        page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
        page.on("pageerror", (error) => complaints.push(error.message));
        await page.goto(await start.address);
        await page.waitForFunction(() => globalThis.mocap?.client.hello);
        await checkMouth(page, daemon);
        await checkSides(page, daemon);
        await shoot(page, "puppet");
        await checkLost(page, daemon);
        await checkKeys(page);
        await checkNarrow(page);
        await checkHead(page, daemon);
        await checkModels(page, daemon);
        assert.deepEqual(complaints, [], "the browser complains");
        await checkOffline(page, start.web);
    } finally {
        start.web.removeAllListeners("exit");
        start.web.kill();
        await browser.close();
        await daemon.close();
    }
}

const chromium = findChromium(playwrightDirectory);
const guard = setTimeout(() => {
    console.error("it hangs");
    process.exit(1);
}, GUARD_MS);
const directory = mkdtempSync(join(tmpdir(), "mocapd-page-"));
try {
    await run(chromium, directory);
    console.log("the avatar does what the track does, and the browser has nothing to complain of");
} finally {
    rmSync(directory, { recursive: true });
    clearTimeout(guard);
}
