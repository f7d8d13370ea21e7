/** The shelf under the photo: add, replace, remove. */
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

    async function show(photo) {
        await stage.loadPhoto(photo);
        hasPhoto = true;
        note("");
        refresh();
    }

    /** Shows the face of a file and keeps it; a picture without a face is not kept. */
    async function add(file) {
        await stage.choose("photo");
        if (!file) {
            return;
        }
        note(`Looking for the face in ${file.name} …`);
        try {
            const photo = await readPhotoFile(file, control);
            await show(photo);
            await keepPhoto(photo);
        } catch (error) {
            // Or storage is full or switched off: the photo is shown, but not kept.
            note(`${file.name}: ${error.message}`);
        }
    }

    async function remove() {
        await forgetPhoto().catch(() => {}); // then it was not kept
        stage.removePhoto();
        hasPhoto = false;
        note("");
        refresh();
        byId("photo-file").focus();
    }

    /** Shows the photo of the last visit, once the view is first chosen. */
    async function begin() {
        const photo = await recallPhoto().catch(() => undefined);
        if (photo && !hasPhoto) {
            await show(photo).catch((error) => note(`${photo.title}: ${error.message}`));
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
