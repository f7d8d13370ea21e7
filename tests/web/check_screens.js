/** The page on each kind of screen: a desk, a phone, a browser source; light and dark. */
import { strict as assert } from "node:assert";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const TOUCH = 44; // CSS pixels that a finger needs
const READABLE = 100; // and that a choice or a slider needs

/** axe's rules for WCAG 2.2 A and AA, run in the page. Returns a function. */
export function makeAxe(playwrightDirectory) {
    const source = readFileSync(createRequire(join(playwrightDirectory, "x.js")).resolve("axe-core/axe.min.js"), "utf8");
    return async (page, what) => {
        await page.evaluate(source); // not a script element, which the page's policy forbids
        const { violations } = await page.evaluate(() =>
            globalThis.axe.run({ runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] }));
        const told = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ target, failureSummary }) => `${target} ${failureSummary}`).join("; ")}`);
        assert.deepEqual(told, [], what);
    };
}

/** The edges of what cannot be read from text: 3:1 against what is around them (WCAG 1.4.11). */
async function checkTracks(page) {
    const ratio = await page.evaluate(() => {
        const channels = (colour) => {
            const context = new OffscreenCanvas(1, 1).getContext("2d");
            context.fillStyle = colour;
            context.fillRect(0, 0, 1, 1);
            return [...context.getImageData(0, 0, 1, 1).data].slice(0, 3);
        };
        const linear = (value) => (value <= 10 ? value / 3294 : ((value / 255 + 0.055) / 1.055) ** 2.4);
        const luminance = (colour) => channels(colour).reduce((sum, value, i) => sum + [0.2126, 0.7152, 0.0722][i] * linear(value), 0);
        const contrast = (a, b) => {
            const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y);
            return (high + 0.05) / (low + 0.05);
        };
        const track = getComputedStyle(document.querySelector(".track"));
        const bar = getComputedStyle(document.querySelector(".track i"));
        const card = getComputedStyle(document.querySelector(".card"));
        return [
            contrast(track.borderColor, card.backgroundColor),
            contrast(track.borderColor, track.backgroundColor),
            contrast(bar.backgroundColor, track.backgroundColor),
        ];
    });
    assert.ok(ratio.every((value) => value >= 3), `contrast of tracks and bars: ${ratio}`);
}

/** Presses every button that is seen, dialogs' own apart, and leaves the page as it was. */
async function pressAll(page) {
    const buttons = "body > header button, main button, footer button";
    const names = await page.locator(buttons).evaluateAll((all) => all.map((one, index) => (one.checkVisibility() && !one.disabled ? index : -1)).filter((index) => index >= 0));
    for (const index of names) {
        const button = page.locator(buttons).nth(index);
        if (!(await button.isVisible())) {
            continue; // of an avatar that another button chose
        }
        const id = await button.getAttribute("id");
        const times = id === "theme" ? 3 : /^tab-|^full$/.test(id) ? 1 : 2; // until it is as before
        for (let i = 0; i < times; i++) {
            await button.click();
            const dialog = page.locator("dialog[open] .close");
            if (await dialog.count()) {
                await dialog.click();
            }
        }
        if (id === "full") { // its button is not on the full screen
            await page.waitForFunction(() => document.fullscreenElement?.id === "views");
            await page.keyboard.press("f");
            await page.waitForFunction(() => document.fullscreenElement === null);
        }
    }
    assert.equal(await page.locator("dialog[open]").count(), 0, "dialogs");
    await page.click("#tab-fox");
}

/** Every dialog fits a phone. */
async function checkPhoneDialogs(page, axe, shoot) {
    for (const name of ["connect", "calibrate", "settings"]) {
        await page.click(`#${name}-button`);
        const dialog = page.locator(`#${name}-dialog`);
        await dialog.locator("button:not(.close)").first().waitFor();
        const [inner, whole] = await dialog.evaluate((one) => [one.clientWidth, one.scrollWidth]);
        assert.ok(whole <= inner, `${name}: ${whole} pixels in ${inner}`);
        const small = await dialog.evaluate((one, least) => [...one.querySelectorAll("button, select, summary, input")]
            .filter((input) => input.checkVisibility())
            .map((input) => [input.id || input.textContent, input.getBoundingClientRect().width, input.getBoundingClientRect().height])
            .filter(([, width, height]) => width < least || height < least), TOUCH);
        assert.deepEqual(small, [], `${name}: targets too small for fingers`);
        const cramped = await dialog.evaluate((one, least) => {
            const right = one.getBoundingClientRect().right - parseFloat(getComputedStyle(one).paddingRight);
            return [...one.querySelectorAll("button, select, input[type=range]")]
                .filter((input) => input.checkVisibility())
                .map((input) => [input.id || input.textContent, input.getBoundingClientRect(), input.matches("button") ? 0 : least])
                .filter(([, box, width]) => box.right > right + 0.5 || box.width < width)
                .map(([title, box]) => `${title}: ${box.width} pixels, to ${box.right} of ${right}`);
        }, READABLE);
        assert.deepEqual(cramped, [], `${name}: beyond the edge, or too narrow`);
        await axe(page, `${name} on a phone`);
        await shoot(`phone-${name}`);
        await dialog.locator(".close").click();
    }
}

/** Small screens have no scrolling sideways, and room for fingers. */
async function checkPhone(page, axe, shoot) {
    await page.setViewportSize({ width: 360, height: 740 });
    await page.reload();
    await page.waitForFunction(() => globalThis.mocap?.client.hello);
    const [inner, whole] = await page.evaluate(() => [innerWidth, document.documentElement.scrollWidth]);
    assert.ok(whole <= inner, `${whole} pixels on a screen of ${inner}`);
    const [bar, tabs] = await page.locator(".stage-bar").evaluate((one) => [one.clientWidth, one.scrollWidth]);
    assert.ok(tabs <= bar, `tabs of ${tabs} pixels in ${bar}`);
    // A record that waited for the page says nothing of the latency.
    await page.waitForFunction(() => globalThis.mocap.page.record && globalThis.mocap.client.latencyMs(globalThis.mocap.page.record) !== undefined);
    assert.equal(await page.evaluate(() => globalThis.mocap.latency.points.length), 0, "latencies");
    const small = await page.evaluate((least) => [...document.querySelectorAll("body > header button, main button, main select, main summary, footer button")]
        .filter((one) => one.checkVisibility())
        .map((one) => [one.id || one.textContent, one.getBoundingClientRect().width, one.getBoundingClientRect().height])
        .filter(([, width, height]) => width < least || height < least), TOUCH);
    assert.deepEqual(small, [], "targets too small for fingers");
    assert.equal(await page.locator("footer .keys").isVisible(), false, "there is no keyboard");
    assert.deepEqual(await page.locator("main details[open]").count(), 0, "what is below the stage folds");
    await axe(page, "phone");
    await shoot("phone");
    await pressAll(page);
    await checkPhoneDialogs(page, axe, shoot);
    for (const summary of await page.locator("main summary").all()) {
        await summary.click();
    }
    // The stage stays in view.
    await page.evaluate(() => scrollTo(0, 600));
    await page.waitForFunction(() => scrollY > 300 && document.getElementById("views").getBoundingClientRect().top >= 0);
    await shoot("phone-scrolled");
    await page.setViewportSize({ width: 1280, height: 860 });
    await page.reload();
    await page.waitForFunction(() => globalThis.mocap?.client.hello);
}

export async function checkScreens(page, axe, shoot) {
    for (const theme of ["light", "dark"]) {
        await page.keyboard.press("t");
        assert.equal(await page.evaluate(() => getComputedStyle(document.documentElement).colorScheme), theme);
        await page.click("#latency-button");
        await axe(page, theme);
        await checkTracks(page);
        await shoot(`desk-${theme}`);
        await page.click("#latency-button");
        await pressAll(page);
    }
    await checkPhone(page, axe, shoot);
}

/** How opaque the page is, where and at most. */
async function lookThrough(page, screenshot) {
    const png = await page.screenshot({ omitBackground: true, ...(screenshot && { path: screenshot }) });
    return page.evaluate(async (base64) => {
        const bytes = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
        const picture = await createImageBitmap(new Blob([bytes], { type: "image/png" }));
        const { width, height } = picture;
        const drawing = new OffscreenCanvas(width, height).getContext("2d");
        drawing.drawImage(picture, 0, 0);
        const { data } = drawing.getImageData(0, 0, width, height);
        const alphaAt = (x, y) => data[4 * (y * width + x) + 3];
        let most = 0;
        let edge = 0; // of the top and the sides; an avatar's body ends at the bottom
        for (let y = 0; y < height; y++) {
            for (let x = 0; x < width; x++) {
                most = Math.max(most, alphaAt(x, y));
            }
            edge = Math.max(edge, alphaAt(0, y), alphaAt(width - 1, y));
        }
        for (let x = 0; x < width; x++) {
            edge = Math.max(edge, alphaAt(x, 0));
        }
        return { most, edge, middle: alphaAt(width >> 1, height >> 1) };
    }, png.toString("base64"));
}

/** A browser source: the avatar alone, on nothing, whatever its size and the theme. */
export async function checkObs(context, address, waitMs, screenshot) {
    const page = await context.newPage();
    page.setDefaultTimeout(waitMs);
    await page.goto(address);
    await page.waitForFunction(() => globalThis.mocap?.page.record);
    const seen = await page.evaluate(() => [...document.querySelectorAll("header, footer, .stage-bar, .card:not(.stage), #hint")].filter((one) => one.checkVisibility()).length);
    assert.equal(seen, 0, "panels in a browser source");
    assert.ok(await page.locator("#view-robot").isVisible(), "the avatar of the address");
    assert.equal(await page.evaluate(() => globalThis.mocap.preferences.isMirror), false);
    for (const [width, height] of [[800, 800], [800, 600], [1920, 1080]]) {
        for (const colorScheme of ["light", "dark"]) {
            await page.setViewportSize({ width, height });
            await page.emulateMedia({ colorScheme });
            const shown = await lookThrough(page, screenshot?.(`obs-${width}-${height}-${colorScheme}`));
            assert.deepEqual(shown, { most: 255, edge: 0, middle: 255 }, `${width}x${height}, ${colorScheme}`);
        }
    }
    await page.locator("#view-robot").evaluate((view) => (view.style.visibility = "hidden"));
    assert.equal((await lookThrough(page)).most, 0, "nothing but the avatar is painted");
    // A stream that is not there is not replaced by another camera's.
    const other = new URL(address);
    other.searchParams.set("stream", "other");
    other.searchParams.set("mirror", "1");
    other.searchParams.set("avatar", "fox");
    await page.goto(other.href);
    await page.waitForFunction(() => globalThis.mocap?.client.newest.get("main"));
    assert.deepEqual(await page.evaluate(() => [globalThis.mocap.page.stream, globalThis.mocap.page.record]), ["other", null]);
    assert.equal(await page.evaluate(() => globalThis.mocap.preferences.isMirror), true);
    assert.ok(await page.locator("#view-fox").isVisible(), "the other avatar");
    await page.close();
}
