/**
 * The page in a real browser: what the track does, the avatar does, and the browser
 * has nothing to complain of. Exits with 77, to be skipped, where there is no
 * Chromium or no playwright-core (tests/web/install.sh brings both).
 *
 *     node check_page.js MOCAP_WEB PLAYWRIGHT_DIR [SCREENSHOTS_DIR]
 */
import { strict as assert } from "node:assert";
import { dirname, join } from "node:path";
import { findChromium, guard, makeDirectory, openPage, startWeb } from "./browser.js";
import { checkDialogs, checkNoToken } from "./check_dialogs.js";
import { checkModel } from "./check_model.js";
import { checkPhoto } from "./check_photo.js";
import { checkObs, checkScreens, makeAxe } from "./check_screens.js";
import { playDaemon } from "./daemon.js";
import { correlation, mouthTrack } from "./track.js";

const FRAME = { width: 640, height: 480 };
const FRAMES = 30;
const MEMORY_RECORDS = 200;
const MEMORY_GROWTH = 512 * 1024; // bytes
const SCREENSHOT_NOISE = /GPU stall due to ReadPixels/; // what photographing a WebGL canvas makes Chromium say
const GUARD_MS = 900000; // only a test that hangs waits that long
const WAIT_MS = 180000; // a wait that fails tells its line, so it ends well before the guard

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
        attribute.push(await mouthOf(page, "#view-fox svg"));
        // What is drawn, not what is said of it: the height of the path.
        height.push(await page.locator("#view-fox g > path[stroke-linejoin]").evaluate((path) => path.getBBox().height));
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
    const noseOf = () => page.locator("#view-fox g > path").last().evaluate((path) => path.getBoundingClientRect().x);
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
    await page.waitForFunction(() => Number(document.querySelector("#view-fox svg").dataset.mouthOpen) < 0.05);
    await page.waitForFunction(() => document.getElementById("status-text").textContent === "no face in view");
    assert.equal(await page.locator("#status").getAttribute("data-state"), "nobody");
    await page.waitForFunction(() => document.querySelector("#view-fox svg").dataset.asleep === "true");
    await shoot(page, "asleep");
}

/** Waits until the avatar sleeps, and is drawn so. */
const isAsleep = (page, selector) =>
    page.waitForFunction((avatar) => globalThis.mocap.page.face.sleep > 0.9 && Number(document.querySelector(avatar).dataset.mouthOpen) < 0.05, selector);

/** A face that was seen before the camera went away is not shown as if it were still there. */
async function checkAway(page, daemon, selector) {
    for (const state of ["stalled", "connecting", "ended", "failed", "idle"]) {
        await showAndWait(page, daemon, makeFace({ jawOpen: 1 }));
        assert.equal(await mouthOf(page, selector), 1);
        daemon.state("main", state, "");
        await isAsleep(page, selector);
        assert.equal(await page.evaluate(() => globalThis.mocap.page.face.seen), false, state);
        daemon.state("main", "live", "");
        await page.waitForFunction(() => globalThis.mocap.client.states.get("main").state === "live" && !globalThis.mocap.page.isNew);
        assert.equal(await page.evaluate(() => globalThis.mocap.page.face.seen), false, `${state}: it is back, and who is there is not known yet`);
    }
}

async function checkAwayInObs(page, daemon, address) {
    const source = await page.context().newPage();
    await source.goto(address);
    await source.waitForFunction(() => globalThis.mocap?.client.states.get("main")?.state === "live");
    await checkAway(source, daemon, "#view-robot svg");
    await source.close();
}

/** A network that is gone closes nothing: the page notices that nothing comes, and connects again. */
async function checkSilence(context, daemon, address) {
    const page = await context.newPage();
    let isSilent = false;
    await page.routeWebSocket(/\/ws$/, (near) => {
        const far = near.connectToServer();
        near.onMessage((message) => isSilent || far.send(message));
        far.onMessage((message) => isSilent || near.send(message));
    });
    await page.goto(address);
    await page.waitForFunction(() => globalThis.mocap?.client.states.get("main")?.state === "live");
    await showAndWait(page, daemon, makeFace({ jawOpen: 1 }));
    isSilent = true;
    await page.waitForFunction(() => globalThis.mocap.page.isOffline && globalThis.mocap.page.record === null);
    isSilent = false;
    await page.waitForFunction(() => globalThis.mocap.client.states.get("main")?.state === "live");
    await showAndWait(page, daemon, makeFace({ jawOpen: 1 }));
    await page.close();
}

/** Records that go on leave nothing behind. */
async function checkMemory(page, daemon) {
    const session = await page.context().newCDPSession(page);
    const measure = async (count) => {
        for (const jawOpen of mouthTrack(count)) {
            await showAndWait(page, daemon, makeFace({ jawOpen }));
        }
        await session.send("HeapProfiler.collectGarbage");
        const { usedSize } = await session.send("Runtime.getHeapUsage");
        return { usedSize, elements: await page.evaluate(() => document.querySelectorAll("*").length) };
    };
    const before = await measure(MEMORY_RECORDS / 4);
    const after = await measure(MEMORY_RECORDS);
    assert.equal(after.elements, before.elements, "elements");
    assert.ok(after.usedSize < before.usedSize + MEMORY_GROWTH, `${before.usedSize} bytes before, ${after.usedSize} after`);
    await session.detach();
}

/** Without a daemon the page says what to type. */
async function checkHint(page) {
    await page.waitForFunction(() => document.getElementById("hint-command").checkVisibility());
    assert.equal(await page.locator("#status-text").innerText(), "waiting for mocapd");
    assert.match(await page.locator("#hint-command").innerText(), /^mocapd --socket .*\/s$/);
    await shoot(page, "waiting");
}

async function checkKeys(page) {
    await page.keyboard.press("4");
    assert.equal(await page.locator("#tab-model").getAttribute("aria-selected"), "true");
    await page.keyboard.press("1");
    await page.locator("#tab-fox").focus();
    await page.keyboard.press("ArrowLeft");
    assert.equal(await page.locator("#tab-photo").getAttribute("aria-selected"), "true");
    await page.keyboard.press("1");
    await page.keyboard.press("f");
    await page.waitForFunction(() => document.fullscreenElement?.id === "views");
    await page.keyboard.press("f");
    await page.waitForFunction(() => document.fullscreenElement === null);
}

/** The numbers and meters beside the bars: those of the record, on the viewer's side. */
async function checkPanels(page, daemon) {
    await showAndWait(page, daemon, makeFace({ eyeBlinkLeft: 0.75, jawOpen: 0.5 }));
    const now = (name) => page.locator(`[role=meter][aria-label="${name}"]`);
    for (const [name, value] of [["blink, your left", "75"], ["blink, your right", "0"], ["jaw open", "50"]]) {
        await page.waitForFunction(([label, wanted]) => document.querySelector(`[role=meter][aria-label="${label}"]`).getAttribute("aria-valuenow") === wanted, [name, value]);
        const [bar, track] = await now(name).evaluate((meter) => [meter.firstChild, meter].map((one) => one.getBoundingClientRect().width));
        assert.ok(Math.abs(bar / track - value / 100) < 0.03, `${name}: ${bar} of ${track}`);
    }
    const [left, right] = await Promise.all(["your left", "your right"].map((side) => now(`blink, ${side}`).evaluate((meter) => meter.getBoundingClientRect().x)));
    assert.ok(left < right, "in a mirror your left is at the left");
    assert.match(await page.locator("#pose").innerText(), /Gaze/);
    await page.waitForFunction(() => globalThis.mocap.client.latencyMs(globalThis.mocap.page.record) !== undefined);
    await showAndWait(page, daemon, makeFace({}));
    await page.waitForFunction(() => /^\d+ ms latency$/.test(document.getElementById("latency-now").textContent));
    const inked = await page.locator("#landmarks").evaluate((canvas) => canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data.some((value) => value > 0));
    assert.ok(inked, "landmarks are drawn");
}

async function checkRobot(page, daemon) {
    await page.keyboard.press("2");
    const track = mouthTrack(8);
    const height = [];
    for (const jawOpen of track) {
        await showAndWait(page, daemon, makeFace({ jawOpen }));
        assert.ok(Math.abs((await mouthOf(page, "#view-robot svg")) - jawOpen) < 0.001);
        height.push(await page.locator("#view-robot path[stroke-width='8']").evaluate((path) => path.getBBox().height));
    }
    assert.ok(correlation(track, height) > 0.95, `the robot's mouth: ${height}`);
    await shoot(page, "robot");
    await page.keyboard.press("1");
}

async function checkHead(page, daemon) {
    if (!(await page.evaluate(() => import("./built.js").then(({ has3d }) => has3d)))) {
        console.log("not checked: the 3-D head, which this build has not");
        return;
    }
    await page.keyboard.press("3");
    await page.waitForSelector("#view-head canvas");
    for (const jawOpen of [0, 1]) {
        await showAndWait(page, daemon, makeFace({ jawOpen }));
        // Its canvas is there before the head is.
        await page.waitForFunction((wanted) => Number(document.querySelector("#view-head canvas").dataset.mouthOpen) === wanted, jawOpen);
    }
    await shoot(page, "head");
    await page.keyboard.press("1");
}

async function checkModels(page, daemon) {
    await page.keyboard.press("4");
    const has3d = await page.evaluate(() => import("./built.js").then((built) => built.has3d));
    if (has3d) {
        await page.setInputFiles("#model-file", { name: "no.vrm", mimeType: "model/gltf-binary", buffer: Buffer.from("glTF no") });
        await page.waitForFunction(() => /^no\.vrm: /.test(document.getElementById("model-note").textContent));
        await page.keyboard.press("1");
        await checkModel(page, (face) => showAndWait(page, daemon, face), makeFace);
        await shoot(page, "model");
    } else {
        await page.waitForFunction(() => document.getElementById("view-model").textContent.includes("has no 3-D avatars"));
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
    const start = startWeb(program, join(directory, "s"));
    const { browser, page } = await openPage(chromium, WAIT_MS);
    let daemon = null;
    try {
        const complaints = [];
        page.on("console", (message) => !SCREENSHOT_NOISE.test(message.text()) && complaints.push(message.text()));
        page.on("pageerror", (error) => complaints.push(error.message));
        await page.goto(await start.address);
        await checkHint(page);
        daemon = await playDaemon(join(directory, "s"), FRAME);
        await page.waitForFunction(() => globalThis.mocap?.client.hello);
        const axe = makeAxe(playwrightDirectory);
        await checkMouth(page, daemon);
        await checkSides(page, daemon);
        await checkPanels(page, daemon);
        await shoot(page, "fox");
        await checkScreens(page, axe, (name) => shoot(page, name));
        const obs = await checkDialogs(page, daemon, async (name) => {
            await axe(page, name);
            await shoot(page, name);
        });
        await showAndWait(page, daemon, makeFace({ jawOpen: 0.3 }));
        await checkObs(page.context(), obs, WAIT_MS, screenshots && ((name) => join(screenshots, `${name}.png`)));
        await checkAwayInObs(page, daemon, obs);
        await checkSilence(page.context(), daemon, await start.address);
        await checkNoToken(page, await start.address);
        await checkRobot(page, daemon);
        await checkMemory(page, daemon);
        await checkLost(page, daemon);
        await checkAway(page, daemon, "#view-fox svg");
        await checkKeys(page);
        await checkHead(page, daemon);
        await checkModels(page, daemon);
        const at = { synthface: join(dirname(program), "synthface"), directory, web: await start.address, complaints };
        await checkPhoto(page, at, (face) => showAndWait(page, daemon, face), makeFace, (name) => shoot(page, name));
        assert.deepEqual(complaints, [], "the browser complains");
        await checkOffline(page, start.web);
    } finally {
        start.web.removeAllListeners("exit");
        start.web.kill();
        await browser.close();
        await daemon?.close();
    }
}

const chromium = findChromium(playwrightDirectory);
guard(GUARD_MS);
await run(chromium, makeDirectory("mocapd-page-"));
console.log("the avatar does what the track does, and the browser has nothing to complain of");
