import { strict as assert } from "node:assert";
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { test } from "node:test";

/** Whether a process is there; one that has ended and waits for its parent is not. */
const isAlive = (pid) => spawnSync("ps", ["-o", "stat=", "-p", pid], { encoding: "utf8" }).stdout.replace(/^Z.*/, "").trim() !== "";

for (const [how, end] of [["hangs", "guard(1); setInterval(() => {}, 1000);"], ["throws", "throw new Error('no');"]]) {
    test(`a program that ${how} leaves neither programs nor files behind`, () => {
        const text = `
            import { guard, makeDirectory, start } from ${JSON.stringify(new URL("browser.js", import.meta.url).href)};
            const child = start("sleep", ["1000"], { stdio: "ignore" });
            console.log(child.pid + " " + makeDirectory("mocapd-leftover-"));
            ${end}`;
        const { status, stdout } = spawnSync(process.execPath, ["--input-type=module", "-e", text], { encoding: "utf8" });
        const [pid, directory] = stdout.trim().split(" ");
        assert.equal(status, 1);
        assert.ok(Number(pid) > 0, stdout);
        assert.equal(existsSync(directory), false, directory);
        while (isAlive(pid)); // it has been told to end
    });
}
