"""An office program opens the papers the product writes (run by `make office`, which installs LibreOffice as root)."""

from __future__ import annotations

import os
import subprocess
from datetime import UTC, date, datetime
from pathlib import Path

from services.indicators.adapters.catalogue import CATALOGUE
from services.indicators.domain.definition import Count, Nature
from services.indicators.domain.period import Period, Span
from services.indicators.entrypoints.http.figures import name_of
from services.indicators.entrypoints.http.report_word import document_of
from services.indicators.use_cases.editions import Edition
from services.indicators.use_cases.read_figures import FigureState, Number
from services.indicators.use_cases.write_report import WorkReport, write_report

TODAY = date(2026, 11, 23)
PLACES = ("3415", "341502", "341503", "341504", "341522", "341523", "341524", "341525")


def an_edition(period: str) -> Edition:
    """Every indicator of a prefecture and its counties."""
    numbers = {
        (place, each.code): Number(FigureState.COMPUTED, 4_000 + 731 * at, 4_000 + 731 * at, 10_000)
        if isinstance(each.form, Count) or each.nature is Nature.RATE
        else Number(FigureState.MISSING)
        for at, place in enumerate(PLACES)
        for each in CATALOGUE
    }
    return Edition(
        period=Period.of(Span.parse(period), today=TODAY),
        definitions={each.code: each for each in CATALOGUE},
        numbers=numbers,
        data_time=datetime(2026, 11, 23, 8, tzinfo=UTC),
        as_of=[],
    )


def a_report() -> WorkReport:
    """Half a year."""
    return write_report("3415", an_edition("2026-H1"), an_edition("2025-H2"), an_edition("2025-H1"), {})


def test_the_work_report_opens_and_prints(tmp_path: Path) -> None:
    paper = tmp_path / "report.docx"
    paper.write_bytes(document_of(a_report(), name_of))
    command = ["soffice", "--headless", "--convert-to", "pdf", "--outdir", str(tmp_path), str(paper)]
    done = subprocess.run(
        command, env=os.environ | {"HOME": str(tmp_path)}, capture_output=True, text=True, timeout=180, check=True
    )
    assert "Error" not in done.stdout + done.stderr
    told = subprocess.run(
        ["/usr/bin/pdftotext", str(tmp_path / "report.pdf"), "-"], capture_output=True, text=True, check=True
    ).stdout
    for words in ("2026 年上半年残疾人工作情况报告", "一、残疾人证管理", "区划排名", "清零和达标", "[59]"):
        assert words in told.replace("\n", ""), words
    # Labels of the chart are drawn, not written by us into the text.
    assert told.count("霍山县") > told.count("霍山县（"), "the chart or the table"
