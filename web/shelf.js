/** The shelf under the model: choose among those kept, add, replace, remove. */
import { explainStorage } from "./database.js";
import { byId, make, setText } from "./elements.js";
import { readModelFile } from "./model_file.js";
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
    let shown = null; // {title, id, replaces, kept}; without an id it is not kept, or not yet: kept is promised

    const note = (text) => setText(byId("model-note"), text);

    function refresh() {
        const place = shown?.id ?? shown?.replaces; // while it is being kept, it stands where it will be
        const options = models.map(({ id, title }) => make("option", { value: String(id), selected: id === place }, id === place ? shown.title : title));
        if (shown && shown.id === undefined && !models.some(({ id }) => id === place)) {
            options.push(make("option", { value: "", selected: true }, shown.title)); // it may be chosen for as long as it is shown
        }
        byId("model-choice").replaceChildren(...options);
        byId("model-field").hidden = options.length < 2;
        byId("model-replace").hidden = byId("model-remove").hidden = shown === null;
        byId("drop").hidden = shown !== null;
    }

    const list = async () => (models = await listModels().catch(() => models));

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
                shown = { title: model.title, id, kept: Promise.resolve() };
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

    /** Keeps what is shown; where that fails it is shown all the same. */
    async function keepShown(model, bytes, replaced) {
        try {
            await replaced?.kept;
            model.id = await keepModel(model.title, bytes, replaced?.id);
        } catch (error) {
            model.replaces = undefined;
            if (model === shown) {
                note(`${model.title} is shown but could not be saved: ${explainStorage(error)}`);
            }
        }
    }

    /** Shows a file and keeps it, in the place of another one if that is given; what is no model is not kept. */
    async function add(file, replaced) {
        const chosen = stage.choose("model");
        const mine = file ? ++turn : turn; // after what the view begins with: the file comes later
        await chosen;
        if (!stage.has3d || !file) {
            return;
        }
        note(`Reading ${file.name} …`);
        try {
            const bytes = await readModelFile(file);
            const title = (await stage.loadModel(bytes, () => mine === turn)) || file.name;
            if (mine === turn) {
                await list();
            }
            if (mine !== turn) {
                return;
            }
            const model = { title: distinct(title, models, replaced?.id), replaces: replaced?.id };
            shown = model;
            note(model.title);
            keep("model", model.title);
            refresh();
            await (model.kept = keepShown(model, bytes, replaced));
        } catch (error) {
            if (mine === turn) {
                note(`${file.name}: ${error.message}`);
            }
        }
        await list();
        refresh();
    }

    /** Removes what is shown, and no other: one that is not kept is only taken away. */
    async function remove() {
        const mine = ++turn;
        const gone = shown;
        shown = null;
        stage.removeModel();
        note("");
        refresh();
        await gone?.kept;
        if (gone?.id !== undefined) {
            await removeModel(gone.id).catch(() => {}); // then storage is switched off now
        }
        await list();
        if (mine === turn && models.length > 0) {
            await show(models[0].id);
        }
        refresh();
    }

    /** Shows the model of the last visit, once the view is first chosen. */
    async function begin() {
        const mine = ++turn;
        if (stage.has3d) {
            await list();
        }
        const wanted = title ?? recall("model");
        const model = models.find((one) => one.title === wanted) ?? models[0];
        if (model && mine === turn) {
            await show(model.id);
        } else {
            refresh();
        }
    }

    const takeFile = (target, replaced) => {
        const [file] = target.files;
        target.value = ""; // the same file may be chosen again
        return add(file, replaced);
    };
    byId("model-file").addEventListener("change", ({ target }) => takeFile(target));
    byId("model-replacement").addEventListener("change", ({ target }) => takeFile(target, shown));
    byId("model-choice").addEventListener("change", ({ target }) => target.value !== "" && show(Number(target.value)));
    byId("model-remove").addEventListener("click", remove);

    let begun = null;
    return {
        add: (file) => add(file),
        begin: () => (begun ??= begin()),
        get title() {
            return models.find(({ id }) => id === shown?.id)?.title;
        },
    };
}
