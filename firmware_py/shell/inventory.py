"""Which pack stands where, as rows of the journal: one for each change that is seen, also of what changed meanwhile."""

from collections.abc import Iterator
from operator import is_
from typing import Final

from firmware_py.core.image import Image
from firmware_py.shell.journal import Journal, Query, Row
from firmware_py.shell.recorder import Recorder

KIND: Final = "inventory"
UNNAMED: Final = ""
"""A pack stands there that has not said which it is: at a place without a wire to it, or before it is heard."""
Content = str | None
"""Serial of a pack, `UNNAMED`, or None: seen empty."""


class Inventory:
    """Never waits. What is unknown, or not heard any more, changes nothing: the pack stands where it stood."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._known: dict[str, Content] = {}
        self._looked_at: tuple[object, ...] = (None, None, None)

    async def recall(self, journal: Journal) -> None:
        """What was known last, place by place. Raises `JournalError`."""
        self._known = await last_known(journal)

    def seen(self, image: Image, swap_id: str | None) -> None:
        """Keep what is different from what was known; `swap_id`: the swap that is on its way."""
        look = (image.packs, image.buffer, image.platform)
        if all(map(is_, look, self._looked_at)):
            return
        self._looked_at = look
        for place, present, serial in _places(image):
            was = self._known.get(place)
            now = (serial or was or UNNAMED) if present else None
            if place in self._known and now == was:
                continue
            body = {"place": place, "serial": now} | ({"was": was} if place in self._known else {})
            self._known[place] = now
            self._recorder.note(Row(KIND, body, swap_id))


async def last_known(journal: Journal) -> dict[str, Content]:
    """Place -> what stood there last, of places that had a change lately. Raises `JournalError`."""
    found: dict[str, Content] = {}
    for entry in await journal.rows(Query(kind=KIND, newest_first=True)):
        found.setdefault(str(entry.row.body["place"]), entry.row.body["serial"])
    return found


def _places(image: Image) -> Iterator[tuple[str, bool, Content]]:
    """Each place whose switch is read: whether a pack stands there, and what it says of itself."""
    platform = image.platform
    for bay, present in enumerate(platform.bay_present or (), 1):
        yield f"bay-{bay}", present, image.bay(bay).serial
    if platform.buffer_present is not None:
        yield "buffer", platform.buffer_present, image.buffer.serial
    if platform.isolation_present is not None:
        yield "isolation", platform.isolation_present, None
