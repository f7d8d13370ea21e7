/** A browser without a screen, and mocap-web for it: what the programs of this folder share. */
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";

const CHROMIUM = "/usr/bin/chromium";
const FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--enable-unsafe-swiftshader", // WebGL without a graphics processor
];

const leftovers = new Set(); // functions that take away what a program must not leave behind
process.on("exit", () => leftovers.forEach((remove) => remove()));

/** Starts a program that ends with this one, however that ends. Its arguments are spawn's. */
export function start(...words) {
    const child = spawn(...words);
    const kill = () => child.kill();
    leftovers.add(kill);
    child.on("exit", () => leftovers.delete(kill));
    return child;
}

/** A directory that lasts as long as this program. */
export function makeDirectory(prefix) {
    const directory = mkdtempSync(join(tmpdir(), prefix));
    leftovers.add(() => rmSync(directory, { recursive: true, force: true, maxRetries: 5 }));
    return directory;
}

/** Ends this program with a failure when a test hangs. */
export const guard = (ms) =>
    setTimeout(() => {
        console.error("it hangs");
        process.exit(1);
    }, ms).unref();

/** Chromium's launcher; ends the program with 77, to be skipped, where there is none. */
export function findChromium(playwrightDirectory) {
    let playwright = null;
    try {
        playwright = createRequire(join(playwrightDirectory, "x.js"))("playwright-core");
    } catch {
        // told below
    }
    if (!existsSync(CHROMIUM) || playwright === null) {
        console.log(`skipped: no ${playwright === null ? "playwright-core" : "Chromium"}; tests/web/install.sh brings it`);
        process.exit(77);
    }
    return playwright.chromium;
}

/** @param {number} waitMs for one step; only what fails waits that long */
export async function openPage(chromium, waitMs) {
    const browser = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS, timeout: waitMs });
    const context = await browser.newContext({ viewport: { width: 1280, height: 860 } });
    context.setDefaultTimeout(waitMs);
    return { browser, page: await context.newPage() };
}

/** mocap-web on a port of its own; address is promised. */
export function startWeb(program, socket) {
    const web = start(program, ["--listen", "0", "--socket", socket], {
        stdio: ["ignore", "ignore", "pipe"],
        env: { ...process.env, XDG_STATE_HOME: dirname(socket) }, // its token is kept there
    });
    const address = new Promise((resolve, reject) => {
        createInterface({ input: web.stderr }).on("line", (line) => {
            const found = /open (http:\S+\/); .* contents of (\/.*)$/.exec(line);
            if (found) {
                resolve(`${found[1]}#token=${readFileSync(found[2], "ascii")}`);
            }
        });
        web.on("exit", (status) => reject(new Error(`mocap-web ended with ${status}`)));
    });
    return { web, address };
}
