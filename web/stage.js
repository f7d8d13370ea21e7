/** The stage: shows one avatar at a time, chosen by tabs, and accepts dropped models. */
import { makePuppet } from "./puppet.js";
import { has3d } from "./built.js";

const NAMES = ["puppet", "head", "model"];
const WITHOUT_3D = "3-D avatars are missing: npm was not available when mocapd was built.";

const byId = (id) => document.getElementById(id);

/** Explains in a view why it is empty. */
function explain(view, text) {
    const note = document.createElement("p");
    note.className = "drop";
    note.textContent = text;
    view.replaceChildren(note);
}

export function makeStage() {
    const avatars = { puppet: makePuppet(byId("view-puppet")) };
    let chosen = "puppet";
    let face = null;
    let avatars3d = null; // the module of the 3-D avatars, loaded on first use

    const load3d = async () => (avatars3d ??= await import("./avatars3d.js"));

    async function makeAvatar(name) {
        if (!has3d) {
            explain(byId(`view-${name}`), WITHOUT_3D);
            return;
        }
        if (name === "head" && !avatars.head) {
            try {
                avatars.head = (await load3d()).makeHead(byId("view-head"));
            } catch (error) {
                explain(byId("view-head"), `3-D is not available: ${error.message}`);
            }
        }
    }

    async function choose(name) {
        const hasFocus = document.activeElement?.matches("[role=tab]");
        chosen = name;
        for (const other of NAMES) {
            const tab = byId(`tab-${other}`);
            tab.setAttribute("aria-selected", String(other === name));
            tab.tabIndex = other === name ? 0 : -1;
            byId(`view-${other}`).hidden = other !== name;
        }
        if (hasFocus) {
            byId(`tab-${name}`).focus();
        }
        await makeAvatar(name);
        if (face && chosen === name) {
            avatars[name]?.show(face);
        }
    }

    async function loadModel(file) {
        const note = byId("model-note");
        await choose("model");
        if (!has3d || !file) {
            return;
        }
        note.textContent = `Reading ${file.name} …`;
        try {
            const { makeModel } = await load3d();
            const model = await makeModel(byId("view-model"), await file.arrayBuffer());
            avatars.model?.dispose();
            avatars.model = model;
            byId("drop").dataset.loaded = "";
            note.textContent = model.title || file.name;
            if (face) {
                model.show(face);
            }
        } catch (error) {
            note.textContent = `${file.name}: ${error.message}`;
        }
    }

    NAMES.forEach((name, index) => {
        const tab = byId(`tab-${name}`);
        tab.addEventListener("click", () => choose(name));
        tab.addEventListener("keydown", ({ key }) => {
            const step = { ArrowRight: 1, ArrowLeft: -1 }[key];
            if (step) {
                choose(NAMES[(index + step + NAMES.length) % NAMES.length]);
            }
        });
    });
    document.addEventListener("keydown", (event) => {
        const name = NAMES[Number(event.key) - 1];
        if (name && !event.target.closest?.("select, input") && !event.ctrlKey && !event.metaKey && !event.altKey) {
            choose(name);
        }
    });
    byId("model-file").addEventListener("change", ({ target }) => loadModel(target.files[0]));
    acceptDrops(loadModel);

    return {
        show(next) {
            face = next;
            avatars[chosen]?.show(next);
        },
    };
}

/** A model may be dropped anywhere on the page. */
function acceptDrops(onFile) {
    const drop = byId("drop");
    document.addEventListener("dragover", (event) => {
        event.preventDefault();
        drop.dataset.over = "";
    });
    document.addEventListener("dragleave", () => delete drop.dataset.over);
    document.addEventListener("drop", (event) => {
        event.preventDefault();
        delete drop.dataset.over;
        onFile(event.dataTransfer.files[0]);
    });
}
