/**
 * What runs for a while does not grow: the page, mocap-web and mocap-bridge, with the clip that is
 * built into mocapd, for a minute of records. Exits with 77, to be skipped, where there is no
 * Chromium or no playwright-core (tests/web/install.sh brings both).
 *
 *     node check_growth.js BIN_DIR PLAYWRIGHT_DIR
 */
import { strict as assert } from "node:assert";
import { createSocket } from "node:dgram";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { findChromium, makeDirectory, openPage, start, startWeb } from "./browser.js";

const WARM_RECORDS = 450; // code is compiled, buffers have their size
const RECORDS = 1800; // a minute of 30 a second
const PAGE_GROWTH = 256 * 1024; // bytes of the page's heap: 140 a record
const NODES_GROWTH = 20;
const PROGRAM_GROWTH = 512 * 1024; // bytes of a program's memory
const WAIT_MS = 1500000;

const [bin, playwrightDirectory] = process.argv.slice(2);

/** mocapd, once it listens. */
async function startDaemon(socket, directory) {
    const env = { ...process.env, XDG_STATE_HOME: directory };
    const daemon = start(join(bin, "mocapd"), ["--socket", socket, "--stream", "demo=demo:", "--repeat"], { stdio: ["ignore", "ignore", "pipe"], env });
    await new Promise((resolve, reject) => {
        createInterface({ input: daemon.stderr }).on("line", (line) => / listens on /.test(line) && resolve());
        daemon.on("exit", (status) => reject(new Error(`mocapd ended with ${status}`)));
    });
    return daemon;
}

/** A port whose datagrams are counted. */
async function listen() {
    const receiver = { socket: createSocket("udp4"), count: 0 };
    receiver.socket.on("message", () => receiver.count++);
    await new Promise((resolve) => receiver.socket.bind(0, "127.0.0.1", resolve));
    receiver.address = `127.0.0.1:${receiver.socket.address().port}`;
    return receiver;
}

/** Bytes of memory that the process holds. */
const residentOf = ({ pid }) => 1024 * Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))[1]);

async function measure(page, session, programs) {
    await session.send("HeapProfiler.collectGarbage");
    const { usedSize } = await session.send("Runtime.getHeapUsage");
    const { nodes, jsEventListeners } = await session.send("Memory.getDOMCounters");
    return { page: usedSize, nodes, jsEventListeners, programs: programs.map(residentOf) };
}

const hasShown = (page, count) =>
    page.waitForFunction((wanted) => globalThis.shown >= wanted, count, { polling: 500 });

async function watch(page, web, bridge, receivers) {
    const complaints = [];
    page.on("console", (message) => complaints.push(message.text()));
    page.on("pageerror", (error) => complaints.push(error.message));
    await page.goto(await web.address);
    await page.waitForFunction(() => globalThis.mocap?.client.hello);
    await page.evaluate(() => {
        globalThis.shown = 0;
        globalThis.mocap.client.addEventListener("record", () => globalThis.shown++);
    });
    await page.click("#latency-button"); // its chart is drawn, too
    const session = await page.context().newCDPSession(page);
    await hasShown(page, WARM_RECORDS);
    const before = await measure(page, session, [web.web, bridge]);
    await hasShown(page, WARM_RECORDS + RECORDS);
    const after = await measure(page, session, [web.web, bridge]);
    console.log(JSON.stringify({ before, after, datagrams: receivers.map(({ count }) => count) }));
    assert.deepEqual(complaints, [], "the browser complains");
    assert.ok(receivers.every(({ count }) => count > RECORDS / 2), "the bridge sends");
    // Texts that were replaced may not be collected yet: a few, not one a record.
    assert.ok(after.nodes < before.nodes + NODES_GROWTH, `nodes: ${before.nodes}, then ${after.nodes}`);
    assert.equal(after.jsEventListeners, before.jsEventListeners, "listeners");
    assert.ok(after.page < before.page + PAGE_GROWTH, `the page: ${before.page} bytes, then ${after.page}`);
    ["mocap-web", "mocap-bridge"].forEach((name, i) =>
        assert.ok(after.programs[i] < before.programs[i] + PROGRAM_GROWTH, `${name}: ${before.programs[i]} bytes, then ${after.programs[i]}`));
}

async function run(chromium, directory) {
    const socket = join(directory, "s");
    const daemon = await startDaemon(socket, directory);
    const receivers = [await listen(), await listen()];
    const bridge = start(join(bin, "mocap-bridge"), ["--socket", socket, "--status-socket", join(directory, "status"), "--vmc", receivers[0].address, "--live-link", receivers[1].address], { stdio: "ignore" });
    const web = startWeb(join(bin, "mocap-web"), socket);
    const { browser, page } = await openPage(chromium, WAIT_MS);
    try {
        await watch(page, web, bridge, receivers);
    } finally {
        web.web.removeAllListeners("exit");
        daemon.removeAllListeners("exit");
        [web.web, bridge, daemon].forEach((program) => program.kill());
        receivers.forEach(({ socket: one }) => one.close());
        await browser.close();
    }
}

const chromium = findChromium(playwrightDirectory);
await run(chromium, makeDirectory("mocapd-growth-"));
console.log("a minute leaves no growth and no complaint");
