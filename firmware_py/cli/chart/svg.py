"""The chart as an SVG that needs nothing: no script, no font, no other file."""

from collections.abc import Iterator
from html import escape
from typing import Final

from firmware_py.cli.chart.arrows import path
from firmware_py.cli.chart.graph import Edge, Kind
from firmware_py.cli.chart.layout import LEFT, LINE, PAD, WIDTH, Box, Sheet, lay_out

TOP: Final = 88
_COLOUR: Final = {Kind.NEXT: "#33475b", Kind.RETRY: "#b8860b", Kind.LEAVE: "#c0392b"}
_TINT: Final = ("#f4f8fd", "#f6faf5", "#fdf8f1", "#f7f4fb", "#f3faf9", "#fbf5f5", "#f7f7f5")
_STYLE: Final = """
text { font-family: 'DejaVu Sans', Verdana, sans-serif; font-size: 11.5px; fill: #1b2733 }
.name { font-weight: bold } .phase { font-size: 15px; font-weight: bold; text-anchor: end }
.note { font-size: 10px } .leave-note { fill: #c0392b } .retry-note { fill: #8a6508 } .in-note { fill: #6b7785 }
.head { font-size: 20px; font-weight: bold } .label { font-size: 10px } .place { font-weight: bold; fill: #ffffff }
.next { stroke: #33475b } .retry { stroke: #b8860b; stroke-dasharray: 2 3 }
.leave { stroke: #c0392b; stroke-dasharray: 6 4 } .arrow { fill: none; stroke-width: 1.5 }
"""


def svg() -> str:
    """The whole chart. The same rows give the same text."""
    return "\n".join(_parts(lay_out(TOP))) + "\n"


def _parts(sheet: Sheet) -> Iterator[str]:
    size = f'width="{sheet.width:.0f}" height="{sheet.height:.0f}"'
    yield f'<svg xmlns="http://www.w3.org/2000/svg" {size} viewBox="0 0 {sheet.width:.0f} {sheet.height:.0f}">'
    yield f"<title>The chart of a swap</title><style>{_STYLE}</style><defs>"
    for kind, colour in _COLOUR.items():
        yield (
            f'<marker id="{kind}" viewBox="0 0 8 8" refX="7.5" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
            f'<path d="M0 0 L8 4 L0 8 z" fill="{colour}"/></marker>'
        )
    yield '</defs><rect width="100%" height="100%" fill="#ffffff"/>'
    yield from _legend(sheet)
    for number, band in enumerate(sheet.bands):
        yield _rect(LEFT / 2, band.y, sheet.width - LEFT, band.height, _TINT[number % len(_TINT)], "#d5dce4")
        yield _text(sheet.width - LEFT, band.y + 23, band.title, "phase")
    for edge in sheet.arrows:
        yield _arrow(sheet, edge)
    for box in sheet.boxes.values():
        yield from _box(box)
    yield "</svg>"


def _legend(sheet: Sheet) -> Iterator[str]:
    yield _text(LEFT, 34, f"The chart of a swap: {len(sheet.boxes)} rows", "head")
    x = float(LEFT)
    for kind, words in (
        (Kind.NEXT, "done: seen, not only acknowledged"),
        (Kind.RETRY, "a fault is tried again"),
        (Kind.LEAVE, "a fault's way back, or the exit of an abort; far ones are only told in words"),
    ):
        yield f'<path class="arrow {kind}" marker-end="url(#{kind})" d="M{x} 60 h34"/>'
        yield _text(x + 42, 64, words, "label")
        x += 60 + 6.1 * len(words)
    yield _rect(x, 50, 22, 18, "#3465a4", "#3465a4") + _text(x + 4, 63, "S2", "place")
    yield _text(x + 30, 64, "stable place that is reached", "label")


def _box(box: Box) -> Iterator[str]:
    fill, line = ("#e3edfb", "#3465a4") if box.main else ("#fff1e2", "#b35900")
    if len(box.row.needs) > 1:  # a join, with the double bar of a sequential function chart
        for y in (box.y - 7, box.y - 4):
            yield f'<path d="M{box.x:.1f} {y:.1f} h{WIDTH}" stroke="#33475b"/>'
    yield _rect(box.x, box.y, WIDTH, box.height, fill, line)
    y = box.y + PAD + LINE - 4
    for words in box.title:
        yield _text(box.x + 10, y, words, "name")
        y += LINE
    for note in box.notes:
        yield _text(box.x + 10, y, note.words, f"note {note.kind or 'in'}-note")
        y += LINE
    if box.row.place is not None:
        x = box.x + WIDTH - 26
        yield _rect(x, box.y - 8, 22, 17, "#3465a4", "#3465a4") + _text(x + 4, box.y + 5, box.row.place.value, "place")


def _arrow(sheet: Sheet, edge: Edge) -> str:
    return f'<path class="arrow {edge.kind}" marker-end="url(#{edge.kind})" d="{path(sheet, edge)}"/>'


def _rect(x: float, y: float, width: float, height: float, fill: str, line: str) -> str:
    place = f'x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}"'
    return f'<rect {place} rx="5" fill="{fill}" stroke="{line}"/>'


def _text(x: float, y: float, words: str, style: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" class="{style}" xml:space="preserve">{escape(words)}</text>'
