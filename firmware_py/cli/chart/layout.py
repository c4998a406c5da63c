"""Where the rows stand on paper: phases below each other, in each the rows by rank, ways back to the right."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from firmware_py.cli.chart.graph import PHASES, Edge, Kind, edges, main_rows
from firmware_py.core.chart import FIRST_ROWS
from firmware_py.core.chart.rows import Row

WIDTH: Final = 264
"""Of a box, in px, as all lengths here."""
GAP_X: Final = 52
GAP_Y: Final = 34
LEFT: Final = 28
HEADER: Final = 36
LINE: Final = 15
PAD: Final = 9
TITLE_CHARS: Final = 31
NOTE_CHARS: Final = 40
COLUMNS: Final = 4
"""A way back that finds no place in so many goes one rank down."""


@dataclass
class Note:
    """A line under the title. `kind` is that of the arrow that it tells of, None for one that comes in."""

    words: str
    kind: Kind | None


@dataclass
class Box:
    """One row of the chart on paper."""

    row: Row
    main: bool
    title: list[str]
    notes: list[Note] = field(default_factory=list)
    rank: int = 0
    column: int = 0
    x: float = 0.0
    y: float = 0.0

    @property
    def height(self) -> float:
        return 2 * PAD + LINE * (len(self.title) + len(self.notes))

    @property
    def bottom(self) -> float:
        return self.y + self.height


@dataclass
class Band:
    """One phase."""

    title: str
    boxes: list[Box]
    y: float = 0.0
    height: float = 0.0


@dataclass
class Sheet:
    """Everything with its place. `arrows` are those that are drawn."""

    bands: list[Band]
    boxes: dict[str, Box]
    arrows: list[Edge] = field(default_factory=list)
    width: float = 0.0
    height: float = 0.0


def lay_out(top: float) -> Sheet:
    """The whole chart, its first phase `top` px below the upper edge."""
    main = main_rows()
    bands = [
        Band(title, [Box(row, row.name in main, wrap(f"{row.name}  {row.title}", TITLE_CHARS)) for row in rows])
        for title, rows in PHASES
    ]
    sheet = Sheet(bands, {box.row.name: box for band in bands for box in band.boxes})
    every = edges()
    for band in bands:
        here = _within(band, every)
        _rank(band, here)
        _columns(band, here)
    _draw_or_tell(sheet, every)
    y = top
    for band in bands:
        y = _place(band, y) + GAP_Y
    columns = 1 + max(box.column for box in sheet.boxes.values())
    sheet.width, sheet.height = 2 * LEFT + columns * (WIDTH + GAP_X), y
    return sheet


def wrap(text: str, limit: int) -> list[str]:
    """Lines of at most `limit` characters, broken at spaces."""
    lines = [""]
    for word in text.split(" "):
        if lines[-1] and len(lines[-1]) + 1 + len(word) > limit:
            lines.append(word)
        else:
            lines[-1] = f"{lines[-1]} {word}" if lines[-1] else word
    return lines


def _within(band: Band, every: Iterable[Edge]) -> list[Edge]:
    names = {box.row.name for box in band.boxes}
    return [edge for edge in every if edge.source in names and edge.target in names]


def _rank(band: Band, here: list[Edge]) -> None:
    """Main rows by their longest way within the phase; a way back stands beside the row that leads to it, or below."""
    by_name = {box.row.name: box for box in band.boxes}
    order = [box for box in band.boxes if box.main]
    for _ in order:
        for edge in here:
            source, target = by_name[edge.source], by_name[edge.target]
            if edge.kind is Kind.NEXT and source.main and target.main:
                target.rank = max(target.rank, source.rank + 1)
    known = {box.row.name for box in order}
    waiting = [box for box in band.boxes if not box.main]
    while waiting:
        box = next((b for b in waiting if _leads(b, here, known)), waiting[0])
        waiting.remove(box)
        leads = _leads(box, here, known)
        beside = [by_name[e.source].rank for e in leads if e.kind is not Kind.NEXT or by_name[e.source].main]
        below = [by_name[e.source].rank + 1 for e in leads if e.kind is Kind.NEXT and not by_name[e.source].main]
        box.rank = min(below or beside or [0])
        known.add(box.row.name)


def _leads(box: Box, here: list[Edge], known: set[str]) -> list[Edge]:
    return [edge for edge in here if edge.target == box.row.name and edge.source in known]


def _columns(band: Band, here: list[Edge]) -> None:
    """Main rows fill the first columns of their rank; a way back goes below what leads to it, or into a free place."""
    taken: set[tuple[int, int]] = set()
    columns: dict[str, int] = {}

    def put(box: Box, column: int) -> None:
        first = column
        while (box.rank, column) in taken:
            column += 1
            if not box.main and column >= COLUMNS:
                box.rank, column = box.rank + 1, first
        box.column = column
        taken.add((box.rank, column))
        columns[box.row.name] = column

    for box in sorted((b for b in band.boxes if b.main), key=lambda b: b.rank):
        put(box, min((columns[e.source] for e in here if e.target == box.row.name and e.source in columns), default=0))
    free = 1 + max((box.column for box in band.boxes if box.main), default=-1)
    main = {box.row.name for box in band.boxes if box.main}
    direct = {edge.target for edge in here if edge.source in main}  # these stand nearest to the main way
    for box in sorted((b for b in band.boxes if not b.main), key=lambda b: (b.rank, b.row.name not in direct)):
        above = [columns.get(e.source, -1) for e in here if e.target == box.row.name and e.kind is Kind.NEXT]
        apart = box.row.name not in direct and not direct.isdisjoint(b.row.name for b in band.boxes if not b.main)
        put(box, min((column for column in above if column >= free), default=free + apart))


def _draw_or_tell(sheet: Sheet, every: Iterable[Edge]) -> None:
    """Arrows within a phase, and those of the main way to the next one, are drawn; what they mean stands in the box."""
    leaving: dict[tuple[str, Kind, tuple[str, ...]], list[str]] = {}
    coming: dict[str, list[str]] = {}
    for edge in every:
        drawn = _is_near(sheet, edge)
        if drawn:
            sheet.arrows.append(edge)
        else:
            coming.setdefault(edge.target, []).append(edge.source)
        if edge.labels or not drawn:
            leaving.setdefault((edge.source, edge.kind, edge.labels), []).append(edge.target)
    for (source, kind, labels), targets in leaving.items():
        words = f"{', '.join(labels)} → {' + '.join(targets)}".lstrip()
        sheet.boxes[source].notes += [Note(line, kind) for line in wrap(words, NOTE_CHARS)]
    reached = {edge.target for edge in sheet.arrows} | {name for names in FIRST_ROWS.values() for name in names}
    for target, sources in coming.items():
        if target not in reached:
            words = f"from {', '.join(dict.fromkeys(sources))}"
            sheet.boxes[target].notes += [Note(line, None) for line in wrap(words, NOTE_CHARS)]


def _is_near(sheet: Sheet, edge: Edge) -> bool:
    source, target = sheet.boxes[edge.source], sheet.boxes[edge.target]
    numbers = [next(n for n, band in enumerate(sheet.bands) if box in band.boxes) for box in (source, target)]
    if numbers[0] == numbers[1]:
        return True
    below = [b for b in sheet.bands[numbers[0]].boxes if b.column == source.column and b.rank > source.rank]
    along = numbers[1] == numbers[0] + 1 and edge.kind is Kind.NEXT and source.main and target.main
    return along and not below and target.rank == 0


def _place(band: Band, top: float) -> float:
    """Give the boxes their coordinates; the lower edge of the band."""
    band.y, y = top, top + HEADER
    for rank in range(max(box.rank for box in band.boxes) + 1):
        row = [box for box in band.boxes if box.rank == rank]
        for box in row:
            box.x, box.y = LEFT + GAP_X / 2 + box.column * (WIDTH + GAP_X), y
        y += max((box.height for box in row), default=0.0) + GAP_Y
    band.height = y - GAP_Y / 2 - top
    return top + band.height
