"""Errors of the outside world. Two questions are answered by type: whose fault, and is a retry sane?

HalError
├── ConfigError            files are wrong: ours to mend, no retry (`mistakes`: every one of them at once)
├── CodecError             a value does not fit the wire, or the bytes are no value (also a ValueError)
├── LinkError              the carrier
│   ├── LinkDown           not connected: fails at once, nothing was sent
│   ├── LinkWithdrawn      not wanted any more before its turn on the line: nothing was sent
│   ├── LinkTimeout        sent, no (valid) answer: for a write the effect is *unknown* until read back
│   └── LinkGarbage        an answer came that is not the answer to our request
└── DeviceError            the device answered, and said no
    ├── DeviceRefused      Modbus exception or a negative acknowledgement (`code`)
    ├── DeviceStrange      it is another product than its file says
    ├── DeviceSilent       a bounded wait for a read-back ran out (`limit_s`)
    └── MemorySpared       its memory was written just now and wears out: nothing was sent
"""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Mistake:
    """One wrong entry of a configuration file: where, what was seen, what is allowed, and the nearest known word."""

    file: str
    key: str
    value: str
    allowed: str
    hint: str = ""

    def __str__(self) -> str:
        hint = f"; did you mean {self.hint!r}?" if self.hint else ""
        return f"{self.file}: {self.key}: {self.value}; allowed: {self.allowed}{hint}"


class HalError(Exception):
    """Base of all errors that cross the hal border. Never raised itself."""


class ConfigError(HalError):
    """Configuration files are wrong. The text has one line per mistake: file, key path, value seen, what is allowed."""

    def __init__(self, text: str = "", mistakes: Iterable[Mistake] = ()) -> None:
        self.mistakes: tuple[Mistake, ...] = tuple(mistakes)
        super().__init__(text or "\n".join(str(m) for m in self.mistakes))


class CodecError(HalError, ValueError):
    """A value that the wire cannot carry (range, type, unknown word), or words and bytes that are no value."""


class LinkError(HalError):
    """The carrier failed."""


class LinkWithdrawn(LinkError):
    """A write was not wanted any more before its turn came; nothing was sent."""


class LinkDown(LinkError):
    """Not connected; nothing was sent."""


class LinkTimeout(LinkError):
    """Sent, no valid answer in time. The effect of a write is unknown until it is read back."""


class LinkGarbage(LinkError):
    """An answer arrived that does not belong to the request."""


class DeviceError(HalError):
    """The device answered and refused, or did not do what was asked in time."""


class DeviceRefused(DeviceError):
    """Negative answer. `code` is the Modbus exception code or the MQTT reason code."""

    def __init__(self, text: str, code: int) -> None:
        super().__init__(text)
        self.code = code


class DeviceStrange(DeviceError):
    """Another product answers than the file says: nothing that it says counts."""


class DeviceSilent(DeviceError):
    """A bounded wait for a read-back ran out."""


class MemorySpared(DeviceError):
    """Its memory wears out and was written just now: nothing was sent."""
