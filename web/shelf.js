/** The shelf under the model: choose among those kept, add, replace, remove. */
import { explainStorage } from "./database.js";
import { byId, make, setText } from "./elements.js";
import { keepModel, listModels, readModel, removeModel } from "./models.js";
import { keep, recall } from "./storage.js";

/** A title that no other model has: they are named in addresses. */
function distinct(title, models, id) {
    const taken = new Set(models.filter((model) => model.id !== id).map((model) => model.title));
    let name = title;
    for (let number = 2; taken.has(name); number++) {
        name = `${title} ${number}`;
    }
    return name;
}

/**
 * @param {ReturnType<typeof import("./stage.js").makeStage>} stage
 * @param {string} [title] of the model to begin with; default: the one shown last
 */
export function makeShelf(stage, title) {
    let models = [];
    let current; // its id

    const note = (text) => setText(byId("model-note"), text);

    function refresh() {
        byId("model-choice").replaceChildren(
            ...models.map(({ id, title }) => make("option", { value: String(id), selected: id === current }, title)),
        );
        byId("model-field").hidden = models.length < 2;
        byId("model-replace").hidden = byId("model-remove").hidden = current === undefined;
        byId("drop").hidden = current !== undefined;
    }

    // Of several actions the last one counts: what an earlier one is still reading is dropped.
    let turn = 0;

    async function show(id) {
        const mine = ++turn;
        const model = await readModel(id).catch(() => undefined);
        if (mine !== turn || !model) {
            return; // removed in another window, or storage is switched off now
        }
        note(`Reading ${model.title} …`);
        try {
            await stage.loadModel(model.bytes, () => mine === turn);
            if (mine === turn) {
                current = id;
                keep("model", model.title);
                note(model.title);
            }
        } catch (error) {
            if (mine === turn) {
                note(`${model.title}: ${error.message}`);
            }
        }
        refresh();
    }

    /** Shows a file and keeps it; what is no model is not kept. */
    async function add(file, id) {
        await stage.choose("model");
        if (!stage.has3d || !file) {
            return;
        }
        const mine = ++turn;
        note(`Reading ${file.name} …`);
        try {
            const bytes = await file.arrayBuffer();
            const title = distinct((await stage.loadModel(bytes, () => mine === turn)) || file.name, models, id);
            if (mine !== turn) {
                return;
            }
            note(title);
            keep("model", title);
            try {
                current = await keepModel(title, bytes, id);
            } catch (error) {
                note(`${title} is shown, but not kept: ${explainStorage(error)}`);
            }
        } catch (error) {
            if (mine === turn) {
                note(`${file.name}: ${error.message}`);
            }
        }
        models = await listModels().catch(() => models);
        refresh();
    }

    async function remove() {
        turn++;
        await removeModel(current).catch(() => {}); // then it was not kept
        stage.removeModel();
        current = undefined;
        note("");
        models = await listModels().catch(() => []);
        if (models.length > 0) {
            await show(models[0].id);
        }
        refresh();
    }

    /** Shows the model of the last visit, once the view is first chosen. */
    async function begin() {
        models = stage.has3d ? await listModels().catch(() => []) : [];
        const wanted = title ?? recall("model");
        const model = models.find((one) => one.title === wanted) ?? models[0];
        if (model) {
            await show(model.id);
        } else {
            refresh();
        }
    }

    const takeFile = (target, id) => {
        const [file] = target.files;
        target.value = ""; // the same file may be chosen again
        return add(file, id);
    };
    byId("model-file").addEventListener("change", ({ target }) => takeFile(target));
    byId("model-replacement").addEventListener("change", ({ target }) => takeFile(target, current));
    byId("model-choice").addEventListener("change", ({ target }) => show(Number(target.value)));
    byId("model-remove").addEventListener("click", remove);

    let begun = null;
    return {
        add: (file) => add(file),
        begin: () => (begun ??= begin()),
        get title() {
            return models.find(({ id }) => id === current)?.title;
        },
    };
}
