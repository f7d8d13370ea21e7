/** The user's VRM models, kept in this browser (IndexedDB). Nothing is uploaded. */

const DATABASE = "mocapd";
const STORE = "models"; // {id, title, addedMs, bytes}

const settled = (request) =>
    new Promise((resolve, reject) => {
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error);
    });

function open() {
    const request = indexedDB.open(DATABASE, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE, { keyPath: "id", autoIncrement: true });
    return settled(request);
}

async function run(mode, work) {
    const database = await open();
    try {
        return await work(database.transaction(STORE, mode).objectStore(STORE));
    } finally {
        database.close();
    }
}

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
