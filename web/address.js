/**
 * What the page's address says:
 *
 *     ?obs=1            the avatar alone on a transparent ground, for a browser source
 *     &avatar=NAME      fox, robot, head, photo or model; model:TITLE for one of several
 *     &mirror=0|1
 *     &stream=NAME
 *     &face=NAME        whose face: see WHICH in face.js
 *
 * and #token=TOKEN, which allows this browser to calibrate, to change settings and to have photos
 * read: control.js.
 */

/** @param {URL} url */
export function readAddress(url) {
    const given = (name) => url.searchParams.get(name) ?? undefined;
    const [avatar, ...title] = (given("avatar") ?? "").split(":");
    return {
        isObs: given("obs") !== undefined && given("obs") !== "0",
        avatar: avatar || undefined,
        model: title.join(":") || undefined,
        isMirror: given("mirror") === undefined ? undefined : given("mirror") !== "0",
        stream: given("stream"),
        face: given("face"),
    };
}

/**
 * @param {URL} url of the page
 * @param {{avatar: string, model?: string, isMirror: boolean, stream?: string, face?: string}} shown
 * @returns {string} the address of a browser source that shows the same
 */
export function obsAddress(url, { avatar, model, isMirror, stream, face }) {
    const address = new URL(url.pathname, url);
    address.searchParams.set("obs", "1");
    address.searchParams.set("avatar", avatar === "model" && model ? `model:${model}` : avatar);
    address.searchParams.set("mirror", isMirror ? "1" : "0");
    for (const [name, value] of Object.entries({ stream, face })) {
        if (value !== undefined) {
            address.searchParams.set(name, value);
        }
    }
    return address.href;
}
