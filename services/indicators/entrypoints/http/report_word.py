"""The work report as a Word document in the look of official papers: set in FangSong, headings in SimHei.

Charts are charts, with their numbers in them, not pictures: an office program can recolour them. `docx` is loaded by
who writes a document, because it is larger than all else the service needs.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from importlib.resources import files
from io import BytesIO
from string import Template
from typing import TYPE_CHECKING, Final

from services.indicators.domain.definition import Nature
from services.indicators.entrypoints.http import report_words
from services.indicators.entrypoints.http.report_words import COLUMNS, RANKS, Paragraph
from services.indicators.entrypoints.http.wording import NameOf, place_name
from services.indicators.use_cases.write_report import WorkReport

if TYPE_CHECKING:
    from docx.document import Document

MEDIA: Final = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
_BODY, _HEAD, _TITLE = "仿宋_GB2312", "黑体", "方正小标宋简体"
_BODY_PT, _TITLE_PT, _TABLE_PT, _NOTE_PT, _LINE_PT = 16, 22, 10.5, 9, 28
_CHART_CM: Final = (15.0, 7.5)
_WIDTH_CM: Final = 15.6
_NAME_CM: Final = 5.4
_DRAWING: Final = "http://schemas.openxmlformats.org/drawingml/2006"
_RELATIONS: Final = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_CHART_TYPE: Final = "application/vnd.openxmlformats-officedocument.drawingml.chart+xml"
_PERCENT: Final = 100


def document_of(report: WorkReport, name_of: NameOf) -> bytes:
    """The whole document. Takes a second of processor at most: call it in a thread."""
    import docx  # noqa: PLC0415 - see above

    paper = docx.Document()
    _dress(paper)
    title = report_words.title(report, name_of)
    paper.core_properties.title, paper.core_properties.author = title, "量服"
    paper.core_properties.created = paper.core_properties.modified = report.this.data_time.replace(tzinfo=None)
    paper.add_paragraph(title, style="Title")
    _paragraphs(paper, [(report_words.standing(report.this),)], small=True)
    number = report_words.numbered()
    for heading, sentences, lines in report_words.chapters(report):
        paper.add_heading(next(number) + heading, level=1)
        _paragraphs(paper, sentences)
        _table(paper, COLUMNS, [report_words.row(line) for line in lines])
    paper.add_heading(f"{next(number)}区划排名", level=1)
    told = list(report_words.rankings(report, name_of))
    for (heading, sentence, rows), (line, ranked) in zip(told, report.rankings, strict=True):
        paper.add_heading(heading, level=2)
        _paragraphs(paper, [sentence])
        scale = _PERCENT if line.told.definition.nature is Nature.RATE else 1
        bars = [(place_name(each.division, name_of), (each.number.value or 0) / scale) for each in ranked]
        _chart(paper, heading, "，".join(f"{place} {value}" for _, place, value in rows), bars)
        _table(paper, RANKS, rows)
    if not told:
        _paragraphs(paper, [("没有可以排名的下级区划。",)])
    paper.add_heading(f"{next(number)}清零和达标", level=1)
    _paragraphs(paper, report_words.red_items(report, name_of))
    paper.add_heading(f"{next(number)}数据核对", level=1)
    _paragraphs(paper, report_words.checks(report, name_of))
    paper.add_heading(f"{next(number)}数据来源", level=1)
    editions = (("本期", report.this), ("上期", report.before), ("上年同期", report.a_year_before))
    _paragraphs(paper, [(f"{name}：{report_words.standing(each)}",) for name, each in editions], small=True)
    _paragraphs(paper, [("“＊”表示人数过少，或可由其他数推算，不予显示。",)], small=True)
    paper.add_heading("注", level=1)
    notes = ((f"[{number}] {words}来历：{address}",) for number, words, address in report_words.notes(report))
    _paragraphs(paper, notes, small=True)
    content = BytesIO()
    paper.save(content)
    return content.getvalue()


def _dress(paper: Document) -> None:
    """Page and styles as GB/T 9704 asks for: A4, body of size three, lines of 28 points."""
    from docx.enum.text import WD_ALIGN_PARAGRAPH  # noqa: PLC0415
    from docx.oxml.ns import qn  # noqa: PLC0415
    from docx.shared import Cm, Pt, RGBColor  # noqa: PLC0415

    (section,) = paper.sections
    section.page_width, section.page_height = Cm(21.0), Cm(29.7)
    section.top_margin, section.bottom_margin = Cm(3.7), Cm(3.5)
    section.left_margin, section.right_margin = Cm(2.8), Cm(2.6)
    looks = (
        ("Normal", _BODY, _BODY_PT),
        ("Title", _TITLE, _TITLE_PT),
        ("Heading 1", _HEAD, _BODY_PT),
        ("Heading 2", "楷体_GB2312", _BODY_PT),
    )
    for name, font, size in looks:
        style = paper.styles[name]
        style.font.name, style.font.size, style.font.color.rgb = "Times New Roman", Pt(size), RGBColor(0, 0, 0)
        fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
        for theme in ("asciiTheme", "hAnsiTheme", "eastAsiaTheme", "cstheme"):
            fonts.attrib.pop(qn(f"w:{theme}"), None)
        fonts.set(qn("w:eastAsia"), font)
    paper.styles["Title"].paragraph_format.alignment = WD_ALIGN_PARAGRAPH.CENTER
    paper.styles["Normal"].paragraph_format.line_spacing = Pt(_LINE_PT)
    paper.styles["Normal"].paragraph_format.space_after = Pt(0)


def _paragraphs(paper: Document, told: Iterable[Paragraph], *, small: bool = False) -> None:
    from docx.shared import Pt  # noqa: PLC0415

    for pieces in told:
        paragraph = paper.add_paragraph()
        if small:
            paragraph.paragraph_format.line_spacing = 1.0
        else:
            paragraph.paragraph_format.first_line_indent = Pt(2 * _BODY_PT)
        for piece in pieces:
            run = paragraph.add_run(piece if isinstance(piece, str) else f"[{piece}]")
            run.font.superscript = True if isinstance(piece, int) else None
            run.font.size = Pt(_NOTE_PT) if small else None


def _table(paper: Document, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """With a head that is repeated on every page, and room for names; nothing where there are no rows."""
    if not rows:
        return
    from docx.oxml import OxmlElement  # noqa: PLC0415
    from docx.shared import Cm, Pt  # noqa: PLC0415

    table = paper.add_table(rows=0, cols=len(heads), style="Table Grid")
    table.autofit = False
    named = heads.index(COLUMNS[0] if COLUMNS[0] in heads else RANKS[1])
    others = (_WIDTH_CM - _NAME_CM) / (len(heads) - 1)
    for at, column in enumerate(table.columns):
        column.width = Cm(_NAME_CM if at == named else others)
    for cells in (heads, *rows):
        for cell, words, column in zip(table.add_row().cells, cells, table.columns, strict=True):
            cell.width = column.width
            (paragraph,) = cell.paragraphs
            paragraph.paragraph_format.line_spacing = 1.0
            paragraph.add_run(words).font.size = Pt(_TABLE_PT)
    table.rows[0]._tr.get_or_add_trPr().append(OxmlElement("w:tblHeader"))  # noqa: SLF001 - the library has no other way


def _chart(paper: Document, title: str, words: str, bars: Sequence[tuple[str, float]]) -> None:
    """A bar chart, the best above; ``words`` say the same to who cannot see it."""
    from docx.opc.packuri import PackURI  # noqa: PLC0415
    from docx.opc.part import Part  # noqa: PLC0415
    from docx.oxml import parse_xml  # noqa: PLC0415
    from docx.shared import Cm  # noqa: PLC0415

    package = paper.part.package
    number = 1 + sum(str(part.partname).startswith("/word/charts/") for part in package.iter_parts())
    name = PackURI(f"/word/charts/chart{number}.xml")
    part = Part(name, _CHART_TYPE, _chart_xml(title, bars).encode(), package)
    relation = paper.part.relate_to(part, f"{_RELATIONS}/chart")
    width, height = (int(Cm(each)) for each in _CHART_CM)
    paragraph = paper.add_paragraph()
    paragraph.paragraph_format.line_spacing = 1.0
    told = escape(f"{title}：{words}")
    drawing = (
        f'<w:drawing xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" '
        f'xmlns:wp="{_DRAWING}/wordprocessingDrawing" xmlns:a="{_DRAWING}/main" xmlns:r="{_RELATIONS}">'
        f'<wp:inline distT="0" distB="0" distL="0" distR="0"><wp:extent cx="{width}" cy="{height}"/>'
        f'<wp:docPr id="{1000 + number}" name="chart {number}" descr="{told}"/><wp:cNvGraphicFramePr/>'
        f'<a:graphic><a:graphicData uri="{_DRAWING}/chart"><c:chart xmlns:c="{_DRAWING}/chart" r:id="{relation}"/>'
        f"</a:graphicData></a:graphic></wp:inline></w:drawing>"
    )
    paragraph.add_run()._r.append(parse_xml(drawing))  # noqa: SLF001 - the library draws pictures only


def _chart_xml(title: str, bars: Sequence[tuple[str, float]]) -> str:
    template = Template(files("services.indicators").joinpath("static", "bar-chart.xml").read_text("utf-8"))
    return template.substitute(
        title=escape(title),
        count=len(bars),
        names="".join(f'<c:pt idx="{at}"><c:v>{escape(name)}</c:v></c:pt>' for at, (name, _) in enumerate(bars)),
        values="".join(f'<c:pt idx="{at}"><c:v>{value}</c:v></c:pt>' for at, (_, value) in enumerate(bars)),
    )
