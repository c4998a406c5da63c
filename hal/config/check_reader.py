"""Cross checks of a code reader: a link of text lines, a pattern that is one, a no-read text that is no code."""

import re

from hal.config.draft import Draft
from hal.config.links import LINE_KINDS
from hal.config.mistakes import Spot
from hal.config.station import ReaderDevice


def check_reader(draft: Draft, reader: ReaderDevice, spot: Spot) -> None:
    """Note everything that is wrong with the device."""
    able = draft.links_of(LINE_KINDS)
    if reader.link not in able:
        (spot / "link").unknown(reader.link, able, "a link of text lines")
    try:
        code = re.compile(reader.pattern)
    except re.error as error:
        (spot / "pattern").note(reader.pattern, f"a regular expression: {error}")
        return
    if code.fullmatch(reader.no_read):
        (spot / "no_read").note(reader.no_read, f"a text that is no code by {reader.pattern}")
    if len(reader.no_read) > reader.max_chars:
        (spot / "max_chars").note(str(reader.max_chars), f"at least {len(reader.no_read)}, the length of no_read")
    for part in ("start", "end"):
        if getattr(reader, part) and getattr(reader, part) in reader.no_read:
            (spot / part).note(repr(getattr(reader, part)), "no part of no_read")
