"""What the pages of the service are made of: read by eye, by ear, by keyboard and on paper."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import Final

POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
"""Of every page: nothing in it comes from elsewhere."""
HEAD: Final = """<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/board/assets/board.css">"""


def page(title: str, parts: Iterable[str]) -> str:
    """A whole page in Chinese; ``parts`` come as HTML."""
    return (
        f'<!doctype html><html lang="zh-CN"><head>{HEAD}<title>{escape(title)}</title></head>'
        f"<body><main>{''.join(parts)}</main></body></html>"
    )


def section(title: str, body: str) -> str:
    """A part with a heading."""
    return f"<section><h2>{title}</h2>{body}</section>"


def table(caption: str, heads: Iterable[str], rows: Iterable[Sequence[str]]) -> str:
    """Cells come escaped; a narrow screen scrolls the table, reachable by keyboard."""
    head = "".join(f'<th scope="col">{each}</th>' for each in heads)
    body = "".join(
        f'<tr><th scope="row">{first}</th>{"".join(f"<td>{each}</td>" for each in rest)}</tr>' for first, *rest in rows
    )
    return (
        f'<div class="scroll" role="region" tabindex="0" aria-label="{caption}"><table><caption>{caption}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )
