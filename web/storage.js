/** What this browser remembers of the page. Storage may be switched off: then nothing. */

export function keep(name, value) {
    try {
        localStorage.setItem(name, value);
    } catch {
        // It then lasts for this visit.
    }
}

export function recall(name) {
    try {
        return localStorage.getItem(name) ?? undefined;
    } catch {
        return undefined;
    }
}
