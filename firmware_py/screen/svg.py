"""The screen as an SVG picture that looks alike everywhere: lines and dots are drawn, words stand on their cells."""

from collections.abc import Iterator
from html import escape
from itertools import groupby
from typing import Final

from rich.color import ColorType
from rich.console import Console, RenderableType
from rich.segment import Segment
from rich.style import Style

_CELL_W, _CELL_H, _FONT, _BASE = 9.0, 19.0, 15.0, 14.0
_MARGIN, _BAR = 14.0, 34.0
_BACK, _FORE, _FRAME = "#16191f", "#d8dee9", "#2a2f3a"
_FONTS: Final = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', 'Liberation Mono', monospace"
_PALETTE: Final = (
    "#3b4252", "#e06c75", "#8cc570", "#e5c07b", "#61afef", "#c678dd", "#56b6c2", "#d8dee9",
    "#6b7489", "#e06c75", "#8cc570", "#e5c07b", "#61afef", "#c678dd", "#56b6c2", "#ffffff",
)  # fmt: skip
_LIGHT_W, _HEAVY_W = 1.2, 4.0
# strokes of a cell: width and the path from its upper left corner; the middle is at 4.5, 9.5
_STROKES: Final = {
    "─": ((_LIGHT_W, "h9", 0.0, 9.5),),
    "│": ((_LIGHT_W, "v19", 4.5, 0.0),),
    "╭": ((_LIGHT_W, "v-5q0,-4.5 4.5,-4.5", 4.5, 19.0),),
    "╮": ((_LIGHT_W, "q4.5,0 4.5,4.5v5", 0.0, 9.5),),
    "╰": ((_LIGHT_W, "v5q0,4.5 4.5,4.5", 4.5, 0.0),),
    "╯": ((_LIGHT_W, "v5q0,4.5 -4.5,4.5", 4.5, 0.0),),
    "━": ((_HEAVY_W, "h9", 0.0, 9.5),),
    "╾": ((_LIGHT_W, "h9", 0.0, 9.5), (_HEAVY_W, "h4.5", 0.0, 9.5)),
    "┿": ((_HEAVY_W, "h9", 0.0, 9.5), (_LIGHT_W, "v9", 0.5, 5.0)),
}  # fmt: skip
_DOT_R: Final = 3.6


def picture(renderable: RenderableType, width: int, height: int, title: str) -> str:
    """An SVG of `width` x `height` cells. The same screen gives the same text."""
    console = Console(width=width, height=height, force_terminal=True, color_system="standard", legacy_windows=False)
    options = console.options.update(width=width, height=height)
    lines = console.render_lines(renderable, options, pad=True)[:height]
    whole_w, whole_h = width * _CELL_W + 2 * _MARGIN, height * _CELL_H + _BAR + _MARGIN
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {whole_w:g} {whole_h:g}" role="img">',
        f"<title>{escape(title)}</title>",
        f'<rect x="0.5" y="0.5" width="{whole_w - 1:g}" height="{whole_h - 1:g}" rx="8" fill="{_BACK}" '
        f'stroke="{_FRAME}"/>',
        *(f'<circle cx="{20 + 18 * i}" cy="18" r="5" fill="{_PALETTE[i + 1]}"/>' for i in (0, 2, 1)),
        f'<g font-family="{_FONTS}" font-size="{_FONT:g}" xml:space="preserve">',
        f'<text x="{whole_w / 2:g}" y="23" text-anchor="middle" fill="{_PALETTE[8]}">{escape(title)}</text>',
        *(part for row, line in enumerate(lines) for part in _row(line, _BAR + row * _CELL_H)),
        "</g>",
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _row(line: list[Segment], y: float) -> Iterator[str]:
    column = 0
    for segment in line:
        style = segment.style or Style.null()
        colour, ground = _colours(style)
        x = _MARGIN + column * _CELL_W
        if ground:
            wide = segment.cell_length * _CELL_W
            yield f'<rect x="{x:g}" y="{y:g}" width="{wide:g}" height="{_CELL_H:g}" rx="3" fill="{ground}"/>'
        yield from _drawn(segment.text, x, y, colour)
        yield from _words(segment.text, x, y, colour, bold=bool(style.bold))
        column += segment.cell_length


def _colours(style: Style) -> tuple[str, str | None]:
    colour = _FORE
    if style.color is not None and style.color.type in (ColorType.STANDARD, ColorType.EIGHT_BIT):
        colour = _PALETTE[(style.color.number or 0) % 16]
    return (_BACK, colour) if style.reverse else (colour, None)


def _drawn(text: str, x: float, y: float, colour: str) -> Iterator[str]:
    """Lines and dots. Equal neighbours along a line become one stroke."""
    place = 0
    for sign, group in groupby(text):
        count = len(list(group))
        left = x + place * _CELL_W
        if sign in "─━":
            stroke = _HEAVY_W if sign == "━" else _LIGHT_W
            yield _path(stroke, f"h{count * _CELL_W:g}", left, y + _CELL_H / 2, colour)
        else:
            for i in range(count):
                for stroke, path, dx, dy in _STROKES.get(sign, ()):
                    yield _path(stroke, path, left + i * _CELL_W + dx, y + dy, colour)
                if sign in "●○◐":
                    yield _dot(sign, left + (i + 0.5) * _CELL_W, y + _CELL_H / 2, colour)
        place += count


def _path(stroke: float, path: str, x: float, y: float, colour: str) -> str:
    return f'<path d="M{x:g},{y:g}{path}" stroke="{colour}" stroke-width="{stroke:g}" fill="none"/>'


def _dot(sign: str, x: float, y: float, colour: str) -> str:
    inside = colour if sign == "●" else "none"
    ring = f'<circle cx="{x:g}" cy="{y:g}" r="{_DOT_R:g}" fill="{inside}" stroke="{colour}" stroke-width="1.4"/>'
    if sign == "◐":
        ring += f'<path d="M{x:g},{y - _DOT_R:g}a{_DOT_R:g},{_DOT_R:g} 0 0 0 0,{2 * _DOT_R:g}z" fill="{colour}"/>'
    return ring


def _words(text: str, x: float, y: float, colour: str, *, bold: bool) -> Iterator[str]:
    """Each word at its own cell, stretched to its cells: fonts of another width leave the columns in place."""
    weight = ' font-weight="bold"' if bold else ""
    place = 0
    for kind, group in groupby(text, key=_is_word):
        word = "".join(group)
        if kind:
            length = f' textLength="{len(word) * _CELL_W:g}" lengthAdjust="spacingAndGlyphs"'
            at = f'x="{x + place * _CELL_W:g}" y="{y + _BASE:g}"'
            yield f'<text {at}{length} fill="{colour}"{weight}>{escape(word)}</text>'
        place += len(word)


def _is_word(sign: str) -> bool:
    return not sign.isspace() and sign not in _STROKES and sign not in "●○◐"
