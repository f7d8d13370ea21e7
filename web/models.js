/** The user's VRM models, kept in this browser. */
import { settled, useStore } from "./database.js";

const run = (mode, work) => useStore("models", mode, work);

/** @returns {Promise<{id: number, title: string}[]>} in the order in which they were added */
export async function listModels() {
    const models = await run("readonly", (store) => settled(store.getAll()));
    return models.map(({ id, title }) => ({ id, title }));
}

/** @returns {Promise<{title: string, bytes: ArrayBuffer} | undefined>} */
export const readModel = (id) => run("readonly", (store) => settled(store.get(id)));

/** Adds a model; with an id, replaces that one. @returns {Promise<number>} its id */
export const keepModel = (title, bytes, id) =>
    run("readwrite", (store) => settled(store.put({ ...(id !== undefined && { id }), title, addedMs: Date.now(), bytes })));

export const removeModel = (id) => run("readwrite", (store) => settled(store.delete(id)));
