"""The chart in Mermaid's words, for Markdown."""

from collections.abc import Iterator

from firmware_py.cli.chart.graph import PHASES, Edge, Kind, edges, main_rows
from firmware_py.core.chart.rows import Row

_ARROW = {Kind.NEXT: "-->", Kind.RETRY: "-.->", Kind.LEAVE: "-.->"}
_STYLES = (
    "classDef main fill:#eef4ff,stroke:#3465a4,color:#111",
    "classDef back fill:#fff1e6,stroke:#b35900,color:#111",
)
PREAMBLE = """# The chart of a swap

Written by `make docs` from the tables in `firmware_py/core/chart/`: do not edit. The same as a picture:
[chart.svg](chart.svg).

Solid arrows: the row is done, seen and not only acknowledged. Dotted arrows: what a fault or an abort leads to there.
Blue rows are those of a swap in which nothing goes wrong.
"""


def mermaid() -> str:
    """A flowchart with one box per phase."""
    return "\n".join(_lines()) + "\n"


def markdown() -> str:
    """A page with the flowchart in it."""
    return f"{PREAMBLE}\n```mermaid\n{mermaid()}```\n"


def _lines() -> Iterator[str]:
    main = main_rows()
    yield "flowchart TB"
    for number, (title, rows) in enumerate(PHASES):
        yield f'  subgraph phase{number}["{title}"]'
        for row in rows:
            yield f"    {_node(row)}:::{'main' if row.name in main else 'back'}"
        yield "  end"
    for edge in edges():
        yield f"  {_edge(edge)}"
    for style in _STYLES:
        yield f"  {style}"


def _node(row: Row) -> str:
    place = f"<br/>{row.place.value}" if row.place else ""
    return f'{_id(row.name)}["{row.name} {row.title}{place}"]'


def _edge(edge: Edge) -> str:
    words = list(edge.labels)
    if edge.kind is Kind.RETRY:
        words = [f"retry {word}" for word in words]
    label = f'|"{", ".join(words)}"|' if words else ""
    return f"{_id(edge.source)} {_ARROW[edge.kind]}{label} {_id(edge.target)}"


def _id(name: str) -> str:
    return "r" + name.replace(".", "_").replace("-", "_")
