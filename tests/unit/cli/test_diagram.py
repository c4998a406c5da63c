"""The chart as a picture: complete, never stale, and no box on another."""

import re
from itertools import combinations
from pathlib import Path
from xml.etree import ElementTree

from firmware_py.cli.chart.graph import PHASES, Kind, edges, main_rows
from firmware_py.cli.chart.layout import WIDTH, lay_out
from firmware_py.cli.chart.mermaid import markdown, mermaid
from firmware_py.cli.chart.svg import TOP, svg
from firmware_py.core.chart import CHART

DOCS = Path(__file__).parents[3] / "docs"
HOW = "run `make docs`"


def test_the_checked_in_pictures_are_those_of_the_tables() -> None:
    assert (DOCS / "chart.svg").read_text(encoding="utf-8") == svg(), HOW
    assert (DOCS / "chart.md").read_text(encoding="utf-8") == markdown(), HOW


def test_every_row_has_its_phase() -> None:
    rows = [row.name for _, phase in PHASES for row in phase]
    assert sorted(rows) == sorted(CHART)


def test_the_main_way_is_the_reference_sequence() -> None:
    main = {CHART[name].step for name in main_rows()}
    assert main == set(range(20))
    assert not {"8.relock", "11.return", "14.lower", "putback.1", "0.choose"} & main_rows()
    assert {"11", "12", "16", "17", "home.out", "19.close"} <= main_rows()


def test_every_link_route_and_exit_is_an_arrow() -> None:
    found = {(edge.source, edge.target) for edge in edges()}
    for row in CHART.values():
        routes = (row.routes or {}).values()
        targets = [*(link.to for link in row.then), *(row.exit or ()), *(to for r in routes for to in (*r.to, r.via))]
        assert {(row.name, to) for to in targets if to and to != row.name} <= found


def test_mermaid_names_every_row_once_and_only_rows() -> None:
    text = mermaid()
    nodes = re.findall(r"^    (r\w+)\[", text, re.MULTILINE)
    assert len(nodes) == len(set(nodes)) == len(CHART)
    arrows = re.findall(r"^  (r\w+) -\.?->(?:\|[^|]*\|)? (r\w+)$", text, re.MULTILINE)
    assert len(arrows) == len(edges())
    assert {name for arrow in arrows for name in arrow} <= set(nodes)


def test_no_box_lies_on_another_or_off_the_paper() -> None:
    sheet = lay_out(TOP)
    for one, other in combinations(sheet.boxes.values(), 2):
        beside = one.x + WIDTH < other.x or other.x + WIDTH < one.x
        assert beside or one.bottom < other.y or other.bottom < one.y, (one.row.name, other.row.name)
    assert all(box.x > 0 and box.x + WIDTH < sheet.width and box.bottom < sheet.height for box in sheet.boxes.values())


def test_what_is_not_drawn_is_told() -> None:
    sheet = lay_out(TOP)
    drawn = {(edge.source, edge.target, edge.kind) for edge in sheet.arrows}
    for edge in edges():
        notes = " ".join(note.words for note in sheet.boxes[edge.source].notes)
        if (edge.source, edge.target, edge.kind) not in drawn:
            assert edge.target in notes
        assert edge.kind is Kind.NEXT or all(label in notes for label in edge.labels)


def test_the_svg_is_xml_and_leans_on_nothing() -> None:
    text = svg()
    root = ElementTree.fromstring(text)
    assert root.tag.endswith("svg")
    assert "<script" not in text
    assert "href" not in text
