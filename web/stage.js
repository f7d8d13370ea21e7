/** The stage: shows one avatar at a time, chosen by tabs or by name. */
import { has3d } from "./built.js";
import { byId, make } from "./elements.js";
import { NEUTRAL } from "./face.js";
import { makeFox } from "./fox.js";
import { makePhoto } from "./photo.js";
import { makeRobot } from "./robot.js";

export const AVATARS = ["fox", "robot", "head", "model", "photo"];

const WITHOUT_3D =
    "This build has no 3-D avatars: npm brings them when mocapd is built, and Debian packages are built without a network. " +
    "Build mocapd from its source where npm is installed (apt-get install npm) and may fetch: ./run does. " +
    "The fox, the robot and photos do not need it.";

/** Explains in a view why it is empty. */
function explain(view, text) {
    view.replaceChildren(make("p", { className: "drop" }, text));
}

/**
 * @param {{onChoose: (name: string) => void}} options
 * @returns the stage; loadModel(bytes) and loadPhoto(photo) show one in its view, instead of the one before
 */
export function makeStage({ onChoose }) {
    const avatars = {};
    let chosen = "fox";
    let face = null;
    let avatars3d = null; // the module of the 3-D avatars, loaded on first use

    const load3d = async () => (avatars3d ??= await import("./avatars3d.js"));

    const makers = {
        fox: (view) => makeFox(view),
        robot: (view) => makeRobot(view),
        head: async (view) => (await load3d()).makeHead(view),
    };

    async function makeAvatar(name) {
        const view = byId(`view-${name}`);
        if (!has3d && (name === "head" || name === "model")) {
            explain(view, WITHOUT_3D);
        } else if (makers[name] && !avatars[name]) {
            try {
                avatars[name] = await makers[name](view);
            } catch (error) {
                explain(view, `3-D is not available: ${error.message}`);
            }
        }
    }

    function showFace(name) {
        if (face && chosen === name) {
            avatars[name]?.show(face);
        }
    }

    async function choose(name) {
        const hasFocus = document.activeElement?.matches("[role=tab]");
        chosen = name;
        for (const other of AVATARS) {
            const tab = byId(`tab-${other}`);
            tab.setAttribute("aria-selected", String(other === name));
            tab.tabIndex = other === name ? 0 : -1;
            byId(`view-${other}`).hidden = other !== name;
        }
        if (hasFocus) {
            byId(`tab-${name}`).focus();
        }
        onChoose(name);
        await makeAvatar(name);
        showFace(name);
    }

    AVATARS.forEach((name, index) => {
        const tab = byId(`tab-${name}`);
        tab.addEventListener("click", () => choose(name));
        tab.addEventListener("keydown", ({ key }) => {
            const step = { ArrowRight: 1, ArrowLeft: -1 }[key];
            if (step) {
                choose(AVATARS[(index + step + AVATARS.length) % AVATARS.length]);
            }
        });
    });

    return {
        has3d,
        choose,
        get chosen() {
            return chosen;
        },
        show(next) {
            face = next;
            avatars[chosen]?.show(next);
        },
        /**
         * @param {() => boolean} [isWanted] whether it is still to be shown once it has been read
         * @returns {Promise<string>} the model's title; rejects when it cannot be read
         */
        async loadModel(bytes, isWanted = () => true) {
            const { makeModel } = await load3d();
            const model = await makeModel(byId("view-model"), bytes);
            if (!isWanted()) {
                model.dispose();
                return model.title;
            }
            avatars.model?.dispose();
            avatars.model = model;
            showFace("model");
            return model.title;
        },
        removeModel() {
            avatars.model?.dispose();
            delete avatars.model;
        },
        /**
         * @param {{image: Blob, face: object}} photo
         * @param {() => boolean} isWanted whether it is still to be shown once it has been decoded
         * Rejects when it cannot be drawn.
         */
        async loadPhoto({ image, face: itsFace }, isWanted) {
            const bitmap = await createImageBitmap(image);
            if (!isWanted()) {
                bitmap.close();
                return;
            }
            const photo = makePhoto(byId("view-photo"), { bitmap, face: itsFace });
            avatars.photo?.dispose();
            avatars.photo = photo;
            photo.show(face ?? NEUTRAL);
        },
        removePhoto() {
            avatars.photo?.dispose();
            delete avatars.photo;
        },
    };
}
