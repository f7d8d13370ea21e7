/** The user's VRM models, kept in this browser. */
import { settled, useStore } from "./database.js";

const run = (mode, work) => useStore("models", mode, work);

/** Walks over an index, whose keys are titles: a model's bytes may be hundreds of megabytes. */
const titlesOf = (index) =>
    new Promise((resolve, reject) => {
        const models = [];
        const request = index.openKeyCursor();
        request.onerror = () => reject(request.error);
        request.onsuccess = () => {
            const cursor = request.result;
            if (cursor === null) {
                resolve(models);
                return;
            }
            models.push({ id: cursor.primaryKey, title: cursor.key });
            cursor.continue();
        };
    });

/** @returns {Promise<{id: number, title: string}[]>} in the order in which they were added */
export async function listModels() {
    const models = await run("readonly", (store) => titlesOf(store.index("title")));
    return models.sort((a, b) => a.id - b.id);
}

/** @returns {Promise<{title: string, bytes: ArrayBuffer} | undefined>} */
export const readModel = (id) => run("readonly", (store) => settled(store.get(id)));

/** Adds a model; with an id, replaces that one. @returns {Promise<number>} its id */
export const keepModel = (title, bytes, id) =>
    run("readwrite", (store) => settled(store.put({ ...(id !== undefined && { id }), title, addedMs: Date.now(), bytes })));

export const removeModel = (id) => run("readwrite", (store) => settled(store.delete(id)));
