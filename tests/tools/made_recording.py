"""Recordings of records that a test makes up, in the format of docs/protocol.md."""

import struct

RATE = 30


def cbor(value):
    """RFC 8949, as far as records need it: lists of numbers are typed arrays (RFC 8746)."""
    def head(major, number):
        if number < 24:
            return bytes([major << 5 | number])
        return bytes([major << 5 | 27]) + number.to_bytes(8, "big")

    if isinstance(value, int):
        return head(0, value) if value >= 0 else head(1, -1 - value)
    if isinstance(value, float):
        return b"\xfb" + struct.pack(">d", value)
    if isinstance(value, str):
        return head(3, len(value.encode())) + value.encode()
    if isinstance(value, dict):
        return head(5, len(value)) + b"".join(cbor(k) + cbor(v) for k, v in value.items())
    flat = sum((part if isinstance(part, list) else [part] for part in value), [])
    if isinstance(value, list) and flat and isinstance(flat[0], (int, float)):
        return head(6, 85) + head(2, 4 * len(flat)) + struct.pack(f"<{len(flat)}f", *flat)
    return head(4, len(value)) + b"".join(map(cbor, value))


def write(path, records, stream="one"):
    """Writes the faces of each record, RATE a second, as the stream, of a frame of 640 x 480."""
    with open(path, "wb") as file:
        file.write(cbor({"type": "recording", "protocol": (1, 0), "server": "made up",
                         "boot_id": "b", "streams": [stream]}))
        for i, faces in enumerate(records):
            now_ns = i * 1_000_000_000 // RATE
            file.write(cbor({"type": "motion", "stream": stream, "seq": i, "pts": i / RATE,
                             "t_arrival_ns": now_ns + 1, "t_publish_ns": now_ns + 2,
                             "width": 640, "height": 480, "dropped": 0, "faces": faces,
                             "missed": 0}))
