/** Calibrate, Settings and Connect, button by button, with a daemon that writes down what it is asked. */
import { strict as assert } from "node:assert";

const text = (page, selector) => page.locator(selector).innerText();

/** Writes down what an element says from now on: a text that lasts two seconds might be missed. */
async function watchText(page, selector) {
    await page.locator(selector).evaluate((element) => {
        globalThis.saidTexts = [];
        new MutationObserver(() => globalThis.saidTexts.push(element.textContent)).observe(element, { childList: true, characterData: true, subtree: true });
    });
}

async function open(page, name) {
    await page.click(`#${name}-button`);
    await page.waitForFunction((id) => document.getElementById(id).open, `${name}-dialog`);
}

async function close(page, name) {
    await page.click(`#${name}-dialog .close`);
    await page.waitForFunction((id) => !document.getElementById(id).open, `${name}-dialog`);
}

/** What the daemon was asked last, without what differs in each request. */
const lastOf = ({ asked }) => {
    const { id, ...request } = asked.at(-1);
    return request;
};

async function setSlider(page, id, value) {
    await page.locator(`#${id}`).evaluate((input, to) => {
        input.value = to;
        input.dispatchEvent(new Event("input"));
        input.dispatchEvent(new Event("change"));
    }, value);
}

/** Real keys, on what has the focus. */
async function press(page, id, key) {
    await page.locator(`#${id}`).focus();
    await page.keyboard.press(key);
}

/** Waits until the page shows the reply to the last request. */
const isShown = (page, daemon) =>
    page.waitForFunction(({ smooth_beta, fov }) => Number(document.getElementById("quick").value) === smooth_beta && document.getElementById("fov-auto").checked === (fov === "auto"), daemon.settings());

/** Whether it is left to mocapd, and what is said of it. */
const fovShown = (page) =>
    page.locator("#fov").evaluate((slider) => [slider.disabled, document.querySelector("output[for=fov]").textContent]);

/** Changes made while a reply is awaited are kept, go together, and are not undone on the page by that reply. */
async function checkHaste(page, daemon) {
    const before = daemon.asked.length;
    const release = daemon.hold(({ type }) => type === "settings");
    await setSlider(page, "quick", 5);
    await daemon.hasAsked(before + 1);
    await setSlider(page, "quick", 10);
    await setSlider(page, "steady", 8);
    await setSlider(page, "gain-1", 2);
    await setSlider(page, "gain-1", 0.5);
    await setSlider(page, "quick", 40);
    await page.evaluate(() => {
        globalThis.quicks = [];
        const output = document.querySelector("output[for=quick]");
        new MutationObserver(() => globalThis.quicks.push(output.textContent)).observe(output, { childList: true });
    });
    release();
    await daemon.hasAsked(before + 2);
    const { gains, ...rest } = lastOf(daemon);
    assert.deepEqual(rest, { type: "settings", stream: "main", smooth_beta: 40, smooth_min_cutoff: 0.25 });
    assert.deepEqual([Object.values(gains).length, new Set(Object.values(gains))], [5, new Set([0.5])]);
    await page.waitForFunction(() => globalThis.quicks.length > 0);
    assert.deepEqual(await page.evaluate(() => [...new Set(globalThis.quicks)]), ["40"], "no older value is shown meanwhile");
    assert.equal(daemon.asked.length, before + 2);
    assert.equal(await page.locator("#settings [role=alert]").textContent(), "", "nothing was refused");
}

/** The page's streams are others from now on, as after a reload of mocapd's configuration. */
const setStreams = (page, streams) => page.evaluate((names) => globalThis.mocap.client.dispatchEvent(new CustomEvent("hello", { detail: { streams: names } })), streams);

/** Requests since the first so many: each must be about the stream that the dialog was opened for. */
const streamsOf = (daemon, first) => new Set(daemon.asked.slice(first).map(({ stream }) => stream));

/** Changes that wait while the stream is removed are not sent to the one that is shown instead. */
async function checkSettingsOfGone(page, daemon) {
    const before = daemon.asked.length;
    await open(page, "settings");
    await daemon.hasAsked(before + 1);
    const release = daemon.hold(({ type }) => type === "settings");
    await setSlider(page, "quick", 5);
    await daemon.hasAsked(before + 2);
    await setSlider(page, "quick", 15); // waits
    await setStreams(page, ["other"]);
    await setSlider(page, "steady", 2);
    await close(page, "settings");
    await open(page, "settings"); // of the other stream
    release();
    await daemon.hasAsked(before + 3);
    const { id, ...waited } = daemon.asked[before + 2];
    assert.deepEqual(waited, { type: "settings", stream: "main", smooth_beta: 15, smooth_min_cutoff: 2 });
    await daemon.hasAsked(before + 4);
    assert.deepEqual(lastOf(daemon), { type: "settings", stream: "other" });
    await close(page, "settings");
    await setStreams(page, ["main"]);
    await open(page, "settings");
    await page.click("#settings-reset"); // for those that come after
    await page.waitForFunction(() => document.getElementById("settings").textContent.includes("settings that mocapd was started with"));
    await close(page, "settings");
}

/** Nor does a measurement of several steps go on with another camera. */
async function checkCalibrateOfGone(page, daemon) {
    const before = daemon.asked.length;
    await open(page, "calibrate");
    await daemon.hasAsked(before + 1);
    const release = daemon.hold(({ action }) => action === "range");
    await page.click("#calibrate-range");
    await daemon.hasAsked(before + 2);
    await setStreams(page, ["other"]);
    daemon.refuse(({ action }) => action === "range", { code: "unknown-stream", message: "stream: must be other, got 'main'" });
    release();
    await daemon.hasAsked(before + 3);
    assert.deepEqual(streamsOf(daemon, before), new Set(["main"]));
    await page.waitForFunction(() => document.querySelector("#calibrate [role=alert]").textContent.includes("got 'main'"));
    await close(page, "calibrate");
    await setStreams(page, ["main"]);
}

async function checkSettings(page, daemon, inspect) {
    await open(page, "settings");
    await page.waitForFunction(() => document.getElementById("settings").textContent.includes("settings that mocapd was started with"));
    await inspect("settings");
    const changes = [
        ["smooth", { smooth: false }, () => page.locator("#smooth").selectOption("off")],
        ["steady", { smooth_min_cutoff: 0.5 }, () => setSlider(page, "steady", 6)],
        ["quick", { smooth_beta: 30 }, () => setSlider(page, "quick", 30)],
        ["fov", { fov: 60 }, () => press(page, "fov-auto", "Space")],
        ["fov", { fov: 61 }, () => press(page, "fov", "ArrowRight")],
        ["fov", { fov: 5 }, () => press(page, "fov", "Home")],
        ["fov", { fov: 6 }, () => press(page, "fov", "ArrowRight")],
        ["fov", { fov: "auto" }, () => press(page, "fov-auto", "Space")],
    ];
    assert.deepEqual(await fovShown(page), [true, "auto"], "by default");
    for (const [id, expected, change] of changes) {
        const before = daemon.asked.length;
        await change();
        await daemon.hasAsked(before + 1);
        assert.deepEqual(lastOf(daemon), { type: "settings", stream: "main", ...expected }, id);
        await isShown(page, daemon);
        if (expected.fov !== undefined) {
            assert.deepEqual(await fovShown(page), expected.fov === "auto" ? [true, "auto"] : [false, `${expected.fov}°`]);
        }
    }
    await checkHaste(page, daemon);
    for (const [index, count] of [[0, 14], [1, 5], [2, 28], [3, 5]]) {
        const before = daemon.asked.length;
        await setSlider(page, `gain-${index}`, 1.5);
        await daemon.hasAsked(before + 1);
        const gains = Object.values(lastOf(daemon).gains);
        assert.deepEqual([gains.length, new Set(gains)], [count, new Set([1.5])], `gain ${index}`);
    }
    await page.waitForFunction(() => document.getElementById("settings").textContent.includes("Changed since mocapd was started"));
    const before = daemon.asked.length;
    await page.click("#settings-reset");
    await daemon.hasAsked(before + 1);
    assert.equal(lastOf(daemon).reset, true);
    for (const which of ["largest", "left", "right", "steady"]) {
        await page.locator("#which").selectOption(which);
        assert.equal(await page.evaluate(() => globalThis.mocap.preferences.which), which);
    }
    daemon.refuse(({ smooth }) => smooth !== undefined, { code: "storage", message: "in use, but not kept: the disk is full" });
    await page.locator("#smooth").selectOption("on");
    await page.waitForFunction(() => document.querySelector("#settings [role=alert]").textContent.includes("the disk is full"));
    await close(page, "settings");
}

async function checkCalibrate(page, daemon, inspect) {
    await open(page, "calibrate");
    await page.waitForFunction(() => document.getElementById("calibrate").textContent.includes("Profile default"));
    await inspect("calibrate");
    await page.click("#calibrate-neutral");
    await page.waitForFunction(() => document.getElementById("calibrate").textContent.includes("Measured your neutral face"));
    await page.click("#step-1");
    await page.waitForFunction(() => document.querySelectorAll("#calibrate .result")[1].textContent === "reached 62 %, gain 1.61");
    const range = daemon.asked.filter(({ action }) => action === "range").at(-1);
    assert.deepEqual(range.shapes, ["mouthSmileLeft", "mouthSmileRight"]);
    // Its first step waits until it has been stopped: otherwise it might have come to its end.
    const release = daemon.hold(({ action }) => action === "range");
    await page.click("#calibrate-range");
    await page.click("#calibrate-stop");
    release();
    await page.waitForFunction(() => document.getElementById("calibrate").textContent.includes("Stopped."));
    await page.locator("#profile").selectOption("anna");
    await page.waitForFunction(() => document.getElementById("calibrate").textContent.includes("Profile anna is in use"));
    await page.fill("#profile-name", "no dots.");
    await page.click("#calibrate-profile");
    assert.match(await text(page, "#calibrate [role=alert]"), /letters, digits/);
    await page.fill("#profile-name", "berta");
    await page.click("#calibrate-profile");
    await page.waitForFunction(() => document.getElementById("calibrate").textContent.includes("Measured the neutral face of berta"));
    assert.ok(daemon.asked.some(({ action, profile }) => action === "neutral" && profile === "berta"));
    await page.click("#calibrate-reset");
    await page.waitForFunction(() => document.getElementById("calibrate").textContent.includes("Deleted."));
    daemon.refuse(({ action }) => action === "neutral", { code: "no-face", message: "no face" });
    await page.click("#calibrate-neutral");
    await page.waitForFunction(() => document.querySelector("#calibrate [role=alert]").textContent.includes("No face looked at the camera"));
    await close(page, "calibrate");
}

/** What mocap-bridge says of its targets is on the page, one line each. */
async function checkBridge(page) {
    const targets = [
        { name: "stage", type: "vmc", address: "10.0.0.2", state: "ready", reason: "", sent: 7, connected: true, outage: "" },
        { name: "lost", type: "osc", address: "nobody.invalid", state: "resolving", reason: "Name or service not known", sent: 0, connected: true, outage: "" },
        { name: "other", type: "osf", address: "127.0.0.1", state: "ready", reason: "", sent: 0, connected: false, outage: "no stream 'two'" },
    ];
    const lines = ["stage → 10.0.0.2: ready, 7 sent", "lost → nobody.invalid: resolving: Name or service not known, 0 sent", "other → 127.0.0.1: waiting for mocapd: no stream 'two', 0 sent"];
    await page.route("**/bridge", (route) => route.fulfill({ json: { program: "mocap-bridge", uptime_s: 1, targets } }));
    await page.waitForFunction((wanted) => [...document.querySelectorAll("#bridge li")].map((one) => one.textContent).join("|") === wanted, lines.join("|"));
    await page.route("**/bridge", (route) => route.fulfill({ json: { reason: "/run/x: no answer in time" } }));
    await page.waitForFunction(() => document.getElementById("bridge").textContent === "It is not responding.");
    await page.unrouteAll({ behavior: "wait" });
}

async function checkConnect(page, inspect) {
    await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
    await page.click("#tab-robot");
    await page.click("#mirror");
    await open(page, "connect");
    await page.waitForFunction(() => document.getElementById("bridge").textContent === "It is not running.");
    await inspect("connect");
    await checkBridge(page);
    await watchText(page, "#obs-copy");
    await page.click("#obs-copy");
    await page.waitForFunction(() => globalThis.saidTexts.includes("Copied"));
    const address = await page.evaluate(() => navigator.clipboard.readText());
    assert.match(address, /^http:\/\/127\.0\.0\.1:\d+\/\?obs=1&avatar=robot&mirror=0$/);
    for (const summary of await page.locator("#connect summary").all()) {
        await summary.click();
    }
    for (const row of await page.locator("#connect details .row").all()) {
        const command = await row.locator("code").innerText();
        assert.match(command, /^mocap-bridge --/);
        await row.locator("button").click();
        await page.waitForFunction((wanted) => navigator.clipboard.readText().then((copied) => copied === wanted), command);
    }
    await close(page, "connect");
    await page.click("#mirror");
    await page.click("#tab-fox");
    return address;
}

/** Without the token a page may look, and is told what to do. */
export async function checkNoToken(page, address) {
    await page.evaluate(() => localStorage.removeItem("token"));
    await page.goto(address.replace(/#.*/, ""));
    await page.waitForFunction(() => globalThis.mocap?.client.hello);
    await open(page, "settings");
    await page.waitForFunction(() => document.getElementById("settings").textContent.includes("settings that mocapd was started with"));
    await page.locator("#smooth").selectOption("off");
    await page.waitForFunction(() => document.querySelector("#settings [role=alert]").textContent.includes("ends in #token="));
    await close(page, "settings");
    await page.goto(address); // the same page: it is not loaded again
    await page.waitForFunction(() => !location.href.includes("token"));
    await open(page, "settings");
    await page.locator("#smooth").selectOption("off");
    await page.waitForFunction(() => document.getElementById("settings").textContent.includes("Changed since mocapd was started"));
    await close(page, "settings");
}

/**
 * @param {(name: string) => Promise<void>} inspect checks and photographs an open dialog
 * @returns {Promise<string>} the address for OBS
 */
export async function checkDialogs(page, daemon, inspect) {
    await checkSettings(page, daemon, inspect);
    await checkCalibrate(page, daemon, inspect);
    await checkSettingsOfGone(page, daemon);
    await checkCalibrateOfGone(page, daemon);
    return checkConnect(page, inspect);
}
