/** What a model's file must be before it is read: a VRM model is a binary glTF file. */

const MAGIC = 0x676c5446; // "glTF"
const HEAD_BYTES = 20; // the file's header and that of its first part
const MOST_MIB = 512; // it is kept in memory a few times over

export const NO_MODEL = "this is not a VRM model. Choose a .vrm file, such as VRoid Studio exports";

/**
 * @param {Blob} file of any size: what is no model is not read
 * @returns {Promise<ArrayBuffer>} rejects with a sentence for people
 */
export async function readModelFile(file) {
    const head = new DataView(await file.slice(0, HEAD_BYTES).arrayBuffer());
    if (head.byteLength < HEAD_BYTES || head.getUint32(0) !== MAGIC) {
        throw new Error(NO_MODEL);
    }
    if (file.size > MOST_MIB * 1024 * 1024) {
        throw new Error(`a model must be at most ${MOST_MIB} MiB; this one is ${Math.ceil(file.size / 1024 / 1024)} MiB. Export it with smaller textures`);
    }
    return file.arrayBuffer();
}
