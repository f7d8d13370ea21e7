/**
 * The wall of streams in a real browser: a tile for each of 5 and of 60 streams, what it says and
 * draws, keys, and how few records come of those that are not on the stage. Exits with 77, to be
 * skipped, where there is no Chromium or no playwright-core.
 *
 *     node check_wall.js MOCAP_WEB PLAYWRIGHT_DIR [SCREENSHOTS_DIR]
 */
import { strict as assert } from "node:assert";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { findChromium, guard, makeDirectory, openPage, startWeb } from "./browser.js";
import { makeAxe } from "./check_screens.js";
import { playDaemon } from "./daemon.js";

const FRAME = { width: 640, height: 480 };
const ASIDE_EVERY_MS = 200;
const ROUNDS = 60; // of records of every stream
const GUARD_MS = 600000; // only a test that hangs waits that long
const WAIT_MS = 120000;

const [program, playwrightDirectory, screenshots] = process.argv.slice(2);

/** The landmarks of a rendered face. */
function landmarks(directory) {
    const path = join(directory, "face.json");
    const { status, stderr } = spawnSync(join(dirname(program), "synthface"), ["--still", "--frames", "1", "--landmarks", path, "-o", join(directory, "face.png")], { encoding: "utf8" });
    assert.equal(status, 0, stderr);
    return JSON.parse(readFileSync(path, "utf8").split("\n")[0]).points;
}

/** A record with count faces beside each other. */
function recordOf(points, count) {
    const faces = Array.from({ length: count }, (_, index) => {
        const keypoints = points.map(([x, y]) => [x + 200 * (index - (count - 1) / 2), y, 0.9]);
        return { id: index + 1, score: 0.9, box: [230 + 200 * (index - (count - 1) / 2), 170, 180, 190], keypoints, shapes: {} };
    });
    return { type: "motion", ...FRAME, dropped: 0, timing_us: { decode: 1000, wait: 100, scale: 200, infer: 4000 }, faces, missed: 0 };
}

const facesAt = (index) => [1, 2, 0][index % 3];

function shoot(page, name) {
    return screenshots ? page.screenshot({ path: join(screenshots, `${name}.png`), fullPage: true }) : Promise.resolve();
}

const tileSays = (page, name, wanted) =>
    page.waitForFunction(([stream, text]) => document.querySelector(`[data-stream="${stream}"]`)?.innerText.includes(text), [name, wanted]);

/** Waits until a tile has lines, or has none. */
const tileIsInked = (page, name, isInked) =>
    page.waitForFunction(([stream, wanted]) => {
        const canvas = document.querySelector(`[data-stream="${stream}"] canvas`);
        if (canvas.width === 0) {
            return false;
        }
        const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext("2d", { willReadFrequently: true });
        copy.drawImage(canvas, 0, 0);
        return copy.getImageData(0, 0, canvas.width, canvas.height).data.some((value) => value > 0) === wanted;
    }, [name, isInked]);

async function checkTiles(page, daemon, streams, points) {
    await page.waitForFunction((count) => document.querySelectorAll(".tile").length === count && document.body.classList.contains("has-wall"), streams.length);
    await page.waitForFunction((count) => [...mocap.client.states.values()].filter(({ state }) => state === "live").length === count, streams.length);
    // Until the clocks have been compared there is no latency.
    await page.waitForFunction(() => mocap.client.latencyMs({ t_arrival_ns: 0 }) !== undefined);
    streams.forEach((name, index) => daemon.send(recordOf(points, facesAt(index)), name));
    for (const [index, name] of streams.entries()) {
        await page.locator(`[data-stream="${name}"]`).scrollIntoViewIfNeeded();
        await tileSays(page, name, ["no face", "1 face", "2 faces"][facesAt(index)]);
        const tile = page.locator(`[data-stream="${name}"]`);
        assert.equal(await tile.getAttribute("data-state"), facesAt(index) === 0 ? "nobody" : "live");
        await tileIsInked(page, name, facesAt(index) > 0);
    }
    daemon.state(streams[3], "failed", "rtsp://camera/: 401 Unauthorized");
    daemon.state(streams[4], "stalled", "no frames for 5 s");
    await tileSays(page, streams[3], "the stream has failed: rtsp://camera/: 401 Unauthorized");
    await tileSays(page, streams[4], "no frames from the camera: no frames for 5 s");
    assert.equal(await page.locator(`[data-stream="${streams[3]}"]`).getAttribute("data-state"), "failed");
    for (const name of streams.slice(3, 5)) { // both had faces
        await page.locator(`[data-stream="${name}"]`).scrollIntoViewIfNeeded();
        await tileIsInked(page, name, false);
    }
    do { // a latency is shown for as long as records come
        daemon.send(recordOf(points, 1), streams[0]);
    } while (!/\b\d+ ms/.test(await page.locator(`[data-stream="${streams[0]}"]`).innerText()));
    await page.evaluate(() => scrollTo(0, 0));
}

async function checkLooks(page, axe, name) {
    for (const theme of ["light", "dark"]) {
        await page.keyboard.press("t");
        assert.equal(await page.evaluate(() => getComputedStyle(document.documentElement).colorScheme), theme);
        await axe(page, `${name}, ${theme}`);
        await shoot(page, `${name}-${theme}`);
    }
    await page.setViewportSize({ width: 360, height: 740 });
    const [inner, whole] = await page.evaluate(() => [innerWidth, document.documentElement.scrollWidth]);
    assert.ok(whole <= inner, `${whole} pixels on a screen of ${inner}`);
    await axe(page, `${name}, phone`);
    await shoot(page, `${name}-phone`);
    await page.setViewportSize({ width: 1280, height: 860 });
    await page.keyboard.press("t");
}

/** From the wall to the stage and back, by keys and by mouse. */
async function checkChoice(page, streams) {
    await page.locator(`[data-stream="${streams[1]}"]`).focus();
    await page.keyboard.press("Enter");
    await page.waitForFunction((name) => mocap.page.stream === name && !document.getElementById("wall").checkVisibility(), streams[1]);
    assert.equal(await page.locator("#stream").inputValue(), streams[1]);
    assert.ok(await page.locator("#view-fox").isVisible());
    await page.keyboard.press("w");
    await page.waitForFunction((name) => document.activeElement.dataset.stream === name, streams[1]);
    await page.click(`[data-stream="${streams[2]}"]`);
    await page.waitForFunction((name) => mocap.page.stream === name, streams[2]);
    await page.click("#wall-button");
    assert.ok(await page.locator("#wall").isVisible());
    await page.locator(`[data-stream="${streams[0]}"]`).click();
    assert.equal(await page.locator("#wall").isVisible(), false);
}

/** Of the streams that are not on the stage a few records a second come, and always the newest last. */
async function checkRates(page, daemon, streams, points) {
    await page.evaluate(() => {
        globalThis.arrived = {};
        mocap.client.addEventListener("record", ({ detail: { stream } }) => (arrived[stream] = (arrived[stream] ?? 0) + 1));
    });
    const [record, beganMs] = [recordOf(points, 1), performance.now()];
    let last = {};
    for (let round = 0; round < ROUNDS; round++) {
        last = Object.fromEntries(streams.map((name) => [name, daemon.send(record, name)]));
        // The stage's record arrives each time: it never waits.
        await page.waitForFunction((seq) => mocap.client.newest.get(mocap.page.stream)?.seq >= seq, last[streams[0]]);
    }
    const elapsedMs = performance.now() - beganMs;
    const arrived = await page.evaluate(() => globalThis.arrived);
    assert.ok(arrived[streams[0]] >= ROUNDS, `${arrived[streams[0]]} of ${ROUNDS} on the stage`);
    for (const name of streams.slice(1)) {
        assert.ok((arrived[name] ?? 0) <= elapsedMs / ASIDE_EVERY_MS + 2, `${name}: ${arrived[name]} in ${elapsedMs} ms`);
    }
    await page.waitForFunction((wanted) => Object.entries(wanted).every(([name, seq]) => mocap.client.newest.get(name)?.seq === seq), last);
}

/** An address that names a stream shows it; so does a browser source. */
async function checkAddress(page, address, streams) {
    for (const search of [`?stream=${streams[2]}`, `?obs=1&stream=${streams[2]}`, "?obs=1"]) {
        await page.goto(address.replace("/#", `/${search}#`));
        await page.waitForFunction(() => globalThis.mocap?.client.hello && mocap.page.hasGreeted);
        assert.equal(await page.locator("#wall").isVisible(), false, search);
    }
}

async function checkWall(browserPage, directory, count) {
    const { page, axe, points } = browserPage;
    const streams = Array.from({ length: count }, (_, index) => `cam-${index + 1}`);
    const start = startWeb(program, join(directory, "s"));
    const daemon = await playDaemon(join(directory, "s"), FRAME, streams);
    try {
        await page.goto(await start.address);
        await checkTiles(page, daemon, streams, points);
        await checkLooks(page, axe, `wall-${count}`);
        await checkChoice(page, streams);
        await checkRates(page, daemon, streams, points);
        await page.keyboard.press("w");
        await daemon.close();
        await page.waitForFunction(() => document.getElementById("hint-command").checkVisibility());
        assert.equal(await page.locator("#wall").isVisible(), false, "what to type is on the stage");
        await page.waitForFunction(() => document.querySelector("#view-fox svg").dataset.asleep === "true");
        const again = await playDaemon(join(directory, "s"), FRAME, streams);
        await page.waitForFunction(() => document.getElementById("wall").checkVisibility());
        await checkAddress(page, await start.address, streams);
        await page.goto("about:blank");
        await again.close();
    } finally {
        start.web.removeAllListeners("exit");
        start.web.kill();
    }
}

const chromium = findChromium(playwrightDirectory);
guard(GUARD_MS);
const directory = makeDirectory("mocapd-wall-");
const { browser, page } = await openPage(chromium, WAIT_MS);
try {
    const complaints = [];
    page.on("console", (message) => complaints.push(message.text()));
    page.on("pageerror", (error) => complaints.push(error.message));
    const shared = { page, axe: makeAxe(playwrightDirectory), points: landmarks(directory) };
    for (const count of [5, 60]) {
        await checkWall(shared, directory, count);
    }
    assert.deepEqual(complaints, [], "the browser complains");
    console.log("each stream has its tile, and those aside come five times a second");
} finally {
    await browser.close();
}
