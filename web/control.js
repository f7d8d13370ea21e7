/** The right to calibrate, to change settings and to have photos read, and requests that need it. */
import { make } from "./elements.js";
import { keep, recall } from "./storage.js";

const noToken = (what) =>
    `${what}, open the address that ends in #token=…: mocap-web shows it on a terminal when it starts; ` +
    "as a service it logs where the token is (journalctl --user -u mocap-web). Without the token, a browser " +
    "can only watch.";

/** The token in the page's address is kept, and leaves the address. @param {MocapClient} client */
export function makeControl(client) {
    let token = recall("token") ?? "";
    const take = () => {
        const given = new URLSearchParams(location.hash.slice(1)).get("token");
        if (given) {
            token = given;
            keep("token", token);
            history.replaceState(null, "", location.pathname + location.search);
        }
    };
    take();
    addEventListener("hashchange", take); // pasted into the address of a page that is open

    return {
        /** Sends a request to mocapd; rejects with a sentence for people. */
        async ask(request) {
            try {
                return await client.request(token, request);
            } catch (error) {
                throw error.code === "forbidden" && /^token/.test(error.message)
                    ? Object.assign(new Error(noToken("To change this")), { code: error.code })
                    : error;
            }
        },
        /**
         * Has mocap-web find the faces in a picture.
         * @param {Uint8Array} ppm the picture
         * @returns {Promise<object>} a record; rejects with a sentence for people
         */
        async readPhoto(ppm) {
            const headers = { "Content-Type": "image/x-portable-pixmap", "X-Mocap-Token": token };
            const response = await fetch(new URL("photo", document.baseURI), { method: "POST", headers, body: ppm }).catch(() => {
                throw new Error("mocap-web is not responding");
            });
            const type = response.headers.get("Content-Type") ?? "";
            const text = await response.text();
            if (response.ok && type.startsWith("application/json")) {
                return JSON.parse(text);
            }
            if (response.status === 403 && /^token/.test(text)) {
                throw new Error(noToken("To have a photo read"));
            }
            // A proxy's page is no sentence.
            throw new Error(type.startsWith("text/plain") ? text : `mocap-web's address answered ${response.status}`);
        },
    };
}

/** A place for what went wrong. Returns [element, show(text)]. */
export function makeProblem() {
    const problem = make("p", { className: "problem", role: "alert", hidden: true });
    return [
        problem,
        (text) => {
            problem.hidden = text === "";
            problem.textContent = text;
        },
    ];
}
