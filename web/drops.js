/** Files dropped anywhere on the page. */
import { byId } from "./elements.js";

/** @param {{photo: (file: File) => void, model: (file: File) => void}} takers by what the file is */
export function acceptDrops(takers) {
    const views = byId("views");
    document.addEventListener("dragover", (event) => {
        event.preventDefault();
        views.dataset.over = "";
    });
    document.addEventListener("dragleave", () => delete views.dataset.over);
    document.addEventListener("drop", (event) => {
        event.preventDefault();
        delete views.dataset.over;
        const [file] = event.dataTransfer.files;
        if (file) {
            takers[file.type.startsWith("image/") ? "photo" : "model"](file);
        }
    });
}
