/**
 * Makes the pictures of the page in docs/: synthface renders a face, mocapd reads it frame by
 * frame, and the page shows each record.
 *
 *     node photograph.js BIN_DIR PLAYWRIGHT_DIR DOCS_DIR
 *
 * Writes page.png, and avatar.webp: the rendered face and the avatars that it moves.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { findChromium, openPage, start, startWeb } from "./browser.js";
import { playDaemon } from "./daemon.js";

const FPS = 30;
const FRAMES = 180;
const EVERY = 3; // frames of the clip for each of the animation
const EDGE = 300; // pixels of each picture in it
const SEED = 3;
const PAGE_FRAME = 96; // which record page.png shows
const STEP_MS = 120000;

const [bin, playwrightDirectory, docs] = process.argv.slice(2);

function must(program, ...args) {
    const { status, stderr } = spawnSync(program, args, { encoding: "utf8" });
    if (status !== 0) {
        throw new Error(`${program} ended with ${status}: ${stderr}`);
    }
}

/** What mocapd publishes of the clip: a record for each frame. */
async function recordsOf(clip, directory) {
    const socket = join(directory, "real");
    const env = { ...process.env, XDG_STATE_HOME: directory };
    const daemon = start(join(bin, "mocapd"), ["--socket", socket, "--stream", `main=${clip}`, "--every-frame", "--exit-on-end", "--wait-subscribers", "1"], { stdio: ["ignore", "ignore", "pipe"], env });
    await new Promise((resolve) => createInterface({ input: daemon.stderr }).on("line", (line) => / listens on /.test(line) && resolve()));
    const watch = start(join(bin, "mocapctl"), ["--socket", socket, "watch", "--format", "json"], { stdio: ["ignore", "pipe", "ignore"] });
    const records = [];
    for await (const line of createInterface({ input: watch.stdout })) {
        const message = JSON.parse(line);
        if (message.type === "motion") {
            records.push(message);
        }
    }
    return records;
}

async function showRecord(page, daemon, record) {
    const seq = daemon.send(record);
    await page.waitForFunction((wanted) => globalThis.mocap.page.record?.seq >= wanted && !globalThis.mocap.page.isNew, seq);
}

async function photograph(page, daemon, records, directory) {
    for (let i = 0; i < PAGE_FRAME; i++) {
        await showRecord(page, daemon, records[i]);
    }
    await page.waitForFunction(() => globalThis.mocap.latency.points.length > 0);
    await showRecord(page, daemon, records[PAGE_FRAME]);
    await page.waitForTimeout(400); // the numbers follow the bars
    await page.screenshot({ path: join(docs, "page.png") });
    for (const [name, key] of [["fox", "1"], ["robot", "2"]]) {
        mkdirSync(join(directory, name));
        await page.keyboard.press(key);
        for (let i = 0; i < records.length; i += EVERY) {
            await showRecord(page, daemon, records[i]);
            await page.locator("#views").screenshot({ path: join(directory, name, `${String(i / EVERY).padStart(3, "0")}.png`) });
        }
    }
}

/** The clip, the fox and the robot side by side. */
function animate(clip, directory) {
    const square = `scale=${EDGE}:${EDGE}:force_original_aspect_ratio=increase,crop=${EDGE}:${EDGE}`;
    const filter = `[0:v]select='not(mod(n\\,${EVERY}))',setpts=N/(${FPS / EVERY}*TB),${square}[a];[1:v]${square}[b];[2:v]${square}[c];[a][b][c]hstack=inputs=3:shortest=1`;
    const pictures = (name) => ["-framerate", String(FPS / EVERY), "-i", join(directory, name, "%03d.png")];
    must("ffmpeg", "-y", "-loglevel", "error", "-i", clip, ...pictures("fox"), ...pictures("robot"), "-filter_complex", filter, "-r", String(FPS / EVERY),
        "-c:v", "libwebp_anim", "-quality", "62", "-compression_level", "6", "-loop", "0", join(docs, "avatar.webp"));
}

async function run(chromium, directory) {
    const clip = join(directory, "clip.mp4");
    must(join(bin, "synthface"), "--seed", String(SEED), "--frames", String(FRAMES), "--fps", String(FPS), "--size", "480x480", "-o", clip);
    const records = await recordsOf(clip, directory);
    const daemon = await playDaemon(join(directory, "s"), records[0]);
    const { web, address } = startWeb(join(bin, "mocap-web"), join(directory, "s"));
    const { browser, page } = await openPage(chromium, STEP_MS);
    try {
        await page.goto(await address);
        await page.waitForFunction(() => globalThis.mocap?.client.hello);
        await photograph(page, daemon, records, directory);
    } finally {
        web.removeAllListeners("exit");
        web.kill();
        await browser.close();
        await daemon.close();
    }
    animate(clip, directory);
}

const chromium = findChromium(playwrightDirectory);
const directory = mkdtempSync(join(tmpdir(), "mocapd-photograph-"));
try {
    await run(chromium, directory);
} finally {
    rmSync(directory, { recursive: true });
}
