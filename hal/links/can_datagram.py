"""CAN frames as datagrams, in the format of python-can's interface `udp_multicast`: a msgpack map of message fields."""

from typing import Any

import msgpack

from hal.links.can_chip import Report, report_of
from hal.ports import Frame


def pack(frame: Frame, mark: str) -> bytes:
    """A datagram; `mark` names the sender in the field `channel`, so that it knows its own."""
    fields = {
        "timestamp": 0.0,
        "arbitration_id": frame.can_id,
        "is_extended_id": frame.extended,
        "is_remote_frame": False,
        "is_error_frame": False,
        "channel": mark,
        "dlc": len(frame.data),
        "data": frame.data,
        "is_fd": False,
        "bitrate_switch": False,
        "error_state_indicator": False,
    }
    packed: bytes = msgpack.packb(fields)
    return packed


def unpack(datagram: bytes) -> tuple[Frame | Report | None, str]:
    """The classic data frame or error frame in a datagram, None where it is none; and the sender's mark."""
    try:
        fields = msgpack.unpackb(datagram, raw=False)
    except ValueError:  # msgpack's own errors are among them
        return None, ""
    if not isinstance(fields, dict):
        return None, ""
    return _content(fields), str(fields.get("channel"))


def _content(fields: dict[Any, Any]) -> Frame | Report | None:
    can_id, data, extended = fields.get("arbitration_id"), fields.get("data"), fields.get("is_extended_id")
    if type(can_id) is not int or not isinstance(data, bytes) or not isinstance(extended, bool) or len(data) > 8:
        return None
    if fields.get("is_error_frame"):
        return report_of(can_id, data)
    if fields.get("is_remote_frame") or fields.get("is_fd") or not 0 <= can_id <= (0x1FFFFFFF if extended else 0x7FF):
        return None
    return Frame(can_id, data, extended)
