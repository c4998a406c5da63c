"""A row for each pack that is seen to stand elsewhere, and none for what is only not heard."""

from dataclasses import replace

from firmware_py.core.image import Image
from firmware_py.shell.inventory import Inventory, last_known
from firmware_py.shell.journal import Row, Stamp
from firmware_py.shell.journal_inline import InlineJournal
from firmware_py.shell.recorder import Recorder
from hal.readings import PackReading, PlatformReading
from tests.unit.shell.fakes import Journal, virtual


class Books(Recorder):
    """Keeps what it is given in a list."""

    def __init__(self) -> None:
        super().__init__(Journal(), lambda _: None)
        self.kept: list[Row] = []

    def note(self, row: Row, kept: object = None) -> None:
        self.kept.append(row)

    def told(self) -> list[str]:
        """And forget it."""
        rows, self.kept = self.kept, []
        return [f"{r.body['place']}={r.body['serial']} was={r.body.get('was', '-')} {r.swap_id}" for r in rows]


def image(*bays: str | None, buffer: str | None = None) -> Image:
    """A serial, "?" for a pack that says nothing, None for an empty bay."""
    packs = tuple(PackReading(serial=None if bay in {None, "?"} else bay) for bay in bays)
    platform = PlatformReading(
        bay_present=tuple(bay is not None for bay in bays), buffer_present=buffer is not None, isolation_present=False
    )
    return Image(packs=packs, platform=platform, buffer=PackReading(serial=None if buffer == "?" else buffer))


def test_the_first_look_keeps_everything_and_the_next_what_is_new() -> None:
    books = Books()
    inventory = Inventory(books)
    inventory.seen(image("A", "?"), None)
    assert books.told() == ["bay-1=A was=- None", "bay-2= was=- None", "buffer=None was=- None",
                            "isolation=None was=- None"]  # fmt: skip
    inventory.seen(image("A", "B"), None)
    assert books.told() == ["bay-2=B was= None"]
    inventory.seen(image(None, "B"), "s-1")
    assert books.told() == ["bay-1=None was=A s-1"]
    inventory.seen(image(None, "B", buffer="A"), "s-1")
    assert books.told() == ["buffer=A was=None s-1"]
    inventory.seen(image("C", "B", buffer="A"), "s-1")
    assert books.told() == ["bay-1=C was=None s-1"]


def test_a_pack_that_is_not_heard_stands_where_it_stood() -> None:
    books = Books()
    inventory = Inventory(books)
    inventory.seen(image("A", "B"), None)
    books.told()
    inventory.seen(image("?", "B"), None)
    inventory.seen(Image(), None)
    inventory.seen(replace(image("A", "?"), platform=PlatformReading()), None)
    inventory.seen(image("A", "B"), None)
    assert books.told() == []
    inventory.seen(image("A", "X"), None)
    assert books.told() == ["bay-2=X was=B None"], "but another one in its place is seen"


def test_what_changed_while_nobody_looked_is_kept_at_the_next_start() -> None:
    async def main() -> None:
        journal = InlineJournal(clock=lambda: Stamp(0.0, 0.0))
        for place, serial in (("bay-1", "A"), ("bay-2", "B"), ("bay-1", "C"), ("buffer", None), ("isolation", None)):
            await journal.append([Row("inventory", {"place": place, "serial": serial})])
        assert await last_known(journal) == {"bay-1": "C", "bay-2": "B", "buffer": None, "isolation": None}
        books = Books()
        inventory = Inventory(books)
        await inventory.recall(journal)
        inventory.seen(image("?", "B"), None)
        assert books.told() == []
        inventory.seen(image("D", None), None)
        assert books.told() == ["bay-1=D was=C None", "bay-2=None was=B None"]

    virtual(main())
