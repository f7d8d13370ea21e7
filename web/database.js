/** What is kept in this browser: the user's models and photo (IndexedDB). Nothing is uploaded. */

const DATABASE = "mocapd";
const VERSION = 2;
const STORES = {
    models: { keyPath: "id", autoIncrement: true }, // {id, title, addedMs, bytes}
    photos: { keyPath: "id" }, // {id, title, addedMs, image, face}: photo.js
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
        for (const [name, options] of Object.entries(STORES)) {
            if (!request.result.objectStoreNames.contains(name)) {
                request.result.createObjectStore(name, options);
            }
        }
    };
    return settled(request);
}

/** Why nothing was kept, for people: a browser's own words are for programmers. */
export function explainStorage({ name }) {
    return name === "QuotaExceededError"
        ? "this browser has no more room for this page: remove a model or the photo, or free space on the disk"
        : "this browser keeps nothing for this page: a private window, or its settings forbid it";
}

/** Until a transaction is on the disk: what it lacks room for fails no earlier. */
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
