"""The work report as a page that prints well."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from services.indicators.domain.definition import FULL
from services.indicators.entrypoints.http import report_words
from services.indicators.entrypoints.http.board_charts import bar
from services.indicators.entrypoints.http.page_parts import page, section, table
from services.indicators.entrypoints.http.report_words import COLUMNS, RANKS, Paragraph
from services.indicators.entrypoints.http.wording import NameOf
from services.indicators.use_cases.write_report import WorkReport


def page_of(report: WorkReport, name_of: NameOf) -> str:
    """The whole page; every figure links to its note, every note to its lineage."""
    title = report_words.title(report, name_of)
    parts = [f"<h1>{escape(title)}</h1>", f'<p class="note">{escape(report_words.standing(report.this))}</p>']
    number = report_words.numbered()
    for heading, sentences, lines in report_words.chapters(report):
        rows = [[escape(cell) for cell in report_words.row(line)] for line in lines]
        drawn = table(heading, COLUMNS, rows) if rows else ""
        parts.append(section(next(number) + heading, f"{_paragraphs(sentences)}{drawn}"))
    parts.append(section(f"{next(number)}区划排名", _rankings(report, name_of) or "<p>没有可以排名的下级区划。</p>"))
    parts.append(section(f"{next(number)}清零和达标", _paragraphs(report_words.red_items(report, name_of))))
    parts.append(section(f"{next(number)}数据核对", _paragraphs(report_words.checks(report, name_of))))
    parts.append(section(f"{next(number)}数据来源", _sources(report)))
    parts.append(section("注", _notes(report)))
    return page(title, parts)


def _paragraphs(told: Iterable[Paragraph]) -> str:
    return "".join(f"<p>{''.join(map(_piece, paragraph))}</p>" for paragraph in told)


def _piece(piece: str | int) -> str:
    return escape(piece) if isinstance(piece, str) else f'<sup><a href="#note-{piece}">[{piece}]</a></sup>'


def _rankings(report: WorkReport, name_of: NameOf) -> str:
    told = []
    values = [[each.number.value or 0 for each in ranked] for _, ranked in report.rankings]
    for (heading, sentence, rows), of_them in zip(report_words.rankings(report, name_of), values, strict=True):
        whole = max(FULL, *of_them)
        drawn = [
            (rank, escape(place), escape(value), bar(f"{place} {value}", number / whole))
            for (rank, place, value), number in zip(rows, of_them, strict=True)
        ]
        told.append(f"{_paragraphs([sentence])}{table(f'按“{escape(heading)}”排名', (*RANKS, '图示'), drawn)}")
    return "".join(told)


def _sources(report: WorkReport) -> str:
    editions = (("本期", report.this), ("上期", report.before), ("上年同期", report.a_year_before))
    told = "".join(f"<li>{name}：{escape(report_words.standing(edition))}</li>" for name, edition in editions)
    return f"<ul>{told}</ul><p>“＊”表示人数过少，或可由其他数推算，不予显示。</p>"


def _notes(report: WorkReport) -> str:
    told = "".join(
        f'<li id="note-{number}">{escape(words)}来历：<code>{escape(address)}</code></li>'
        for number, words, address in report_words.notes(report)
    )
    return f'<ol class="notes">{told}</ol>'
