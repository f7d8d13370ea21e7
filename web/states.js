/** The states of a stream in words. */
const WORDS = {
    idle: "the camera is closed",
    connecting: "connecting to the camera",
    stalled: "no frames from the camera",
    ended: "the stream has ended",
    failed: "the stream has failed",
};

/**
 * @param {{state: string, reason?: string} | undefined} message what mocapd said last
 * @returns {string} for people; of a stream that is live, "live"
 */
export function wordsOf(message) {
    if (message?.state === "live") {
        return "live";
    }
    const words = WORDS[message?.state] ?? WORDS.connecting;
    return message?.reason ? `${words}: ${message.reason}` : words;
}
