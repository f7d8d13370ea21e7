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

/**
 * @param {keyof typeof STORES} store
 * @param {"readonly" | "readwrite"} mode
 * @param {(store: IDBObjectStore) => any} work
 */
export async function useStore(store, mode, work) {
    const database = await open();
    try {
        return await work(database.transaction(store, mode).objectStore(store));
    } finally {
        database.close();
    }
}
