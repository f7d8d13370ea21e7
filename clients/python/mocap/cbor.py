"""As much of CBOR (RFC 8949) as messages have, and typed arrays of float32."""

from __future__ import annotations

import struct
import sys
from array import array
from typing import Any, Dict, List, Tuple

_BREAK = object()
_DEPTH = 16
_FLOATS = 85  # RFC 8746: float32, little-endian


class CborError(ValueError):
    pass


def _number(data: bytes, at: int, info: int) -> Tuple[int, int]:
    if info < 24:
        return info, at
    if info > 27:
        raise CborError(f"no number of form {info}")
    size = 1 << (info - 24)
    if at + size > len(data):
        raise CborError("cut off")
    return int.from_bytes(data[at : at + size], "big"), at + size


def _string(data: bytes, at: int, info: int) -> Tuple[bytes, int]:
    length, at = _number(data, at, info)
    if length > len(data) - at:
        raise CborError("cut off")
    return data[at : at + length], at + length


def _array(data: bytes, at: int, info: int, depth: int) -> Tuple[List[Any], int]:
    values: List[Any] = []
    count, at = (None, at) if info == 31 else _number(data, at, info)
    while count is None or len(values) < count:
        value, at = _item(data, at, depth + 1)
        if value is _BREAK:
            if count is None:
                break
            raise CborError("a break where a value should be")
        values.append(value)
    return values, at


def _map(data: bytes, at: int, info: int, depth: int) -> Tuple[Dict[str, Any], int]:
    values: Dict[str, Any] = {}
    count, at = (None, at) if info == 31 else _number(data, at, info)
    while count is None or len(values) < count:
        key, at = _item(data, at, depth + 1)
        if key is _BREAK and count is None:
            break
        if not isinstance(key, str) or key in values:
            raise CborError("keys are different texts")
        value, at = _item(data, at, depth + 1)
        if value is _BREAK:
            raise CborError("a break where a value should be")
        values[key] = value
    return values, at


def _tagged(data: bytes, at: int, info: int, depth: int) -> Tuple[Any, int]:
    tag, at = _number(data, at, info)
    value, at = _item(data, at, depth + 1)
    if tag != _FLOATS:
        return value, at
    if not isinstance(value, bytes) or len(value) % 4 != 0:
        raise CborError("a typed array of floats has 4 bytes for each")
    floats = array("f", value)
    if sys.byteorder == "big":
        floats.byteswap()
    return floats, at


def _simple(data: bytes, at: int, info: int) -> Tuple[Any, int]:
    if info in (20, 21):
        return info == 21, at
    if info in (22, 23):
        return None, at
    if info == 31:
        return _BREAK, at
    form = {25: ">e", 26: ">f", 27: ">d"}.get(info)
    if form is None:
        raise CborError(f"no simple value {info}")
    size = struct.calcsize(form)
    if at + size > len(data):
        raise CborError("cut off")
    return struct.unpack_from(form, data, at)[0], at + size


def _item(data: bytes, at: int, depth: int) -> Tuple[Any, int]:
    if at >= len(data):
        raise CborError("cut off")
    if depth > _DEPTH:
        raise CborError("nested too deep")
    major, info = data[at] >> 5, data[at] & 31
    at += 1
    if major == 0:
        return _number(data, at, info)
    if major == 1:
        number, at = _number(data, at, info)
        return -1 - number, at
    if major == 2:
        return _string(data, at, info)
    if major == 3:
        text, at = _string(data, at, info)
        return text.decode("utf-8"), at
    if major == 4:
        return _array(data, at, info, depth)
    if major == 5:
        return _map(data, at, info, depth)
    if major == 6:
        return _tagged(data, at, info, depth)
    return _simple(data, at, info)


def decode(data: bytes) -> Any:
    """The one data item in data. CborError (a ValueError) for anything else."""
    value, at = _item(data, 0, 0)
    if value is _BREAK or at != len(data):
        raise CborError("not one whole data item")
    return value


def decode_first(data: bytes, at: int) -> Tuple[Any, int]:
    """The data item at that place, and the place after it: for CBOR sequences."""
    return _item(data, at, 0)
