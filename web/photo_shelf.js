/** The shelf under the photo: add, replace, remove. */
import { explainStorage } from "./database.js";
import { byId, setText } from "./elements.js";
import { forgetPhoto, keepPhoto, readPhotoFile, recallPhoto } from "./photo_file.js";

/**
 * @param {ReturnType<typeof import("./stage.js").makeStage>} stage
 * @param {Parameters<typeof readPhotoFile>[1]} control
 */
export function makePhotoShelf(stage, control) {
    let hasPhoto = false;

    const note = (text) => setText(byId("photo-note"), text);

    function refresh() {
        byId("photo-drop").hidden = hasPhoto;
        byId("photo-remove").hidden = !hasPhoto;
        setText(byId("photo-file-label"), hasPhoto ? "Replace" : "Choose a photo");
    }

    // Of several actions the last one counts: what an earlier one is still waiting for is dropped.
    let turn = 0;
    let storing = Promise.resolve(); // in the order of the actions

    const store = (work) => {
        const stored = storing.then(work);
        storing = stored.catch(() => {});
        return stored;
    };

    /** Shows a photo; false when another action has come since. */
    async function show(photo, mine) {
        await stage.loadPhoto(photo, () => mine === turn);
        if (mine !== turn) {
            return false;
        }
        hasPhoto = true;
        note("");
        refresh();
        return true;
    }

    /** Shows the face of a file and keeps it; a picture without a face is not kept. */
    async function add(file) {
        const mine = file ? ++turn : turn;
        await stage.choose("photo");
        if (!file || mine !== turn) {
            return;
        }
        note(`Looking for the face in ${file.name} …`);
        try {
            const photo = await readPhotoFile(file, control);
            if (await show(photo, mine)) {
                await store(() => keepPhoto(photo)).catch((error) => {
                    if (mine === turn) {
                        note(`${file.name} is shown but could not be saved: ${explainStorage(error)}`);
                    }
                });
            }
        } catch (error) {
            if (mine === turn) {
                note(`${file.name}: ${error.message}`);
            }
        }
    }

    async function remove() {
        const mine = ++turn;
        await store(forgetPhoto).catch(() => {}); // then it was not kept
        if (mine !== turn) {
            return;
        }
        stage.removePhoto();
        hasPhoto = false;
        note("");
        refresh();
        byId("photo-file").focus();
    }

    /** Shows the photo of the last visit, once the view is first chosen. */
    async function begin() {
        const mine = turn;
        const photo = await recallPhoto().catch(() => undefined);
        if (photo && !hasPhoto && mine === turn) {
            await show(photo, mine).catch((error) => note(`${photo.title}: ${error.message}`));
        }
    }

    byId("photo-file").addEventListener("change", ({ target }) => {
        const [file] = target.files;
        target.value = ""; // the same file may be chosen again
        add(file);
    });
    byId("photo-remove").addEventListener("click", remove);

    let begun = null;
    return { add, begin: () => (begun ??= begin()) };
}
