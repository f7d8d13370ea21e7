/**
 * How long it takes from capture to picture: a real mocapd, mocap-web and the page in a
 * browser without a screen, for each avatar. Tells, and judges nothing: it is no test.
 *
 *     node measure_latency.js BIN_DIR PLAYWRIGHT_DIR [SECONDS] [SCREENSHOTS_DIR]
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findChromium, openPage, start, startWeb } from "./browser.js";

const FPS = 30;
const GUARD_MS = 60000;
const SETTLE_MS = 3000; // the page loads, the daemon finds the face

const [bin, playwrightDirectory, seconds = "10", screenshots] = process.argv.slice(2);
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

function startDaemon(directory) {
    const clip = join(directory, "clip.mp4");
    spawnSync(join(bin, "synthface"), ["--frames", "300", "--fps", String(FPS), "--size", "640x480", "-o", clip]);
    const socket = join(directory, "s");
    return { socket, daemon: start(join(bin, "mocapd"), ["--socket", socket, "--stream", `main=${clip}`, "--repeat"], { stdio: "ignore" }) };
}

/** What the page says of the last seconds. */
const tell = (page) =>
    page.evaluate(() => {
        const { latency } = globalThis.mocap;
        return { p50: latency.percentile(0.5), p95: latency.percentile(0.95), rate: latency.rate(), lost: latency.lost };
    });

async function measure(page, key) {
    await page.keyboard.press(key);
    await sleep(SETTLE_MS);
    await page.evaluate(() => globalThis.mocap.latency.clear());
    await sleep(1000 * Number(seconds));
    return tell(page);
}

async function run(chromium, directory) {
    const { socket, daemon } = startDaemon(directory);
    const { web, address } = startWeb(join(bin, "mocap-web"), socket);
    const { browser, page } = await openPage(chromium, GUARD_MS);
    try {
        await page.goto(await address);
        await page.waitForFunction(() => globalThis.mocap?.page.record);
        for (const [name, key] of [["fox", "1"], ["robot", "2"], ["head", "3"]]) {
            const { p50, p95, rate, lost } = await measure(page, key);
            console.log(`${name}: from capture to picture p50 ${p50?.toFixed(1)} ms, p95 ${p95?.toFixed(1)} ms; ${rate.toFixed(1)} records/s, ${lost} missing`);
            if (screenshots) {
                await page.screenshot({ path: join(screenshots, `live-${name}.png`) });
            }
        }
    } finally {
        web.removeAllListeners("exit");
        web.kill();
        daemon.kill();
        await browser.close();
    }
}

const chromium = findChromium(playwrightDirectory);
const directory = mkdtempSync(join(tmpdir(), "mocapd-latency-"));
try {
    await run(chromium, directory);
} finally {
    rmSync(directory, { recursive: true });
}
