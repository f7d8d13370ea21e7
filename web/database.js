/** What is kept in this browser: the user's models and photo (IndexedDB). Nothing is uploaded. */

const DATABASE = "mocapd";
const VERSION = 3; // 2 had no indexes
const STORES = {
    models: { options: { keyPath: "id", autoIncrement: true }, indexes: ["title"] }, // {id, title, addedMs, bytes}
    photos: { options: { keyPath: "id" }, indexes: [] }, // {id, title, addedMs, image, face}: photo.js
};

/** What a request gives. */
export const settled = (request) =>
    new Promise((resolve, reject) => {
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error);
    });

function open() {
    const request = indexedDB.open(DATABASE, VERSION);
    request.onupgradeneeded = () => {
        const { result: database, transaction } = request;
        for (const [name, { options, indexes }] of Object.entries(STORES)) {
            const store = database.objectStoreNames.contains(name) ? transaction.objectStore(name) : database.createObjectStore(name, options);
            for (const index of indexes.filter((one) => !store.indexNames.contains(one))) {
                store.createIndex(index, index);
            }
        }
    };
    return settled(request);
}

/** Why nothing was kept, for people: a browser's own words are for programmers. */
export function explainStorage({ name }) {
    return name === "QuotaExceededError"
        ? "this browser has no storage left for this page. Remove a model or the photo, or free disk space"
        : "this browser stores nothing for this page: the window is private, or its settings forbid it";
}

/** Resolves once the transaction has committed; a quota error is reported only then. */
const committed = (transaction) =>
    new Promise((resolve, reject) => {
        transaction.oncomplete = resolve;
        transaction.onabort = () => reject(transaction.error ?? new DOMException("aborted", "AbortError"));
    });

/**
 * @param {keyof typeof STORES} store
 * @param {"readonly" | "readwrite"} mode
 * @param {(store: IDBObjectStore) => any} work
 */
export async function useStore(store, mode, work) {
    const database = await open();
    try {
        const transaction = database.transaction(store, mode);
        const [result] = await Promise.all([work(transaction.objectStore(store)), committed(transaction)]);
        return result;
    } finally {
        database.close();
    }
}
