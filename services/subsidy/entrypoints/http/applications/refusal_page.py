"""The written notice of a refusal, to print and hand over (SUB-24)."""

from __future__ import annotations

from html import escape

from services.subsidy.domain.application import Application, RefusalReason
from services.subsidy.domain.application_form import Form
from services.subsidy.domain.verdict import Verdict
from shared.values.award import Scheme

SCHEME_ZH = {Scheme.LIVING: "困难残疾人生活补贴", Scheme.NURSING: "重度残疾人护理补贴"}
REASON_ZH = {
    RefusalReason.NO_VALID_CARD: "申请当日没有有效的残疾人证",
    RefusalReason.GRADE_OUT_OF_SCOPE: "残疾类别、等级不在补贴范围",
    RefusalReason.INCOME_OUT_OF_SCOPE: "家庭经济状况不在补贴范围",
    RefusalReason.NO_CARE_NEED: "不需要长期照护",
    RefusalReason.OTHER_BENEFIT: "已享受不能同时享受的其他待遇",
    RefusalReason.NOT_AT_HOME_HERE: "户籍不在本地",
    RefusalReason.STILL_INCOMPLETE: "告知后仍未补齐材料",
    RefusalReason.FALSE_INFORMATION: "提供虚假材料",
    RefusalReason.OBJECTION_UPHELD: "公示期间异议成立",
    RefusalReason.QUOTA_USED_UP: "名额已满",
    RefusalReason.NOT_ELIGIBLE: "不符合其他条件",
}


def page_of(application: Application, form: Form, words: str | None) -> str:
    """The notice as a page of its own."""
    assert application.refusal is not None
    assert application.decided_on is not None
    named = SCHEME_ZH.get(application.scheme, application.scheme.value)
    verdict = application.verdict or Verdict((), None)
    basis = "".join(f"<li>{escape(rule.reason_zh)}（{escape(rule.clause)}）</li>" for rule in verdict.rules)
    return (
        '<!doctype html><html lang="zh-CN"><head><meta charset="utf-8"><title>不予认定通知书</title>'
        "<style>body{font-family:serif;max-width:40em;margin:3em auto;line-height:1.8}"
        "h1{text-align:center}</style></head>"
        f"<body><h1>残疾人补贴不予认定通知书</h1><p>{escape(form.name.clear)}：</p>"
        f"<p>您于 {application.application_date:%Y年%m月%d日} 提出的{named}申请，"
        "经办理，决定不予认定。</p>"
        f"<p>理由：{REASON_ZH[application.refusal]}。</p>"
        + (f"<ul>{basis}</ul>" if basis else "")
        + (f"<p>说明：{escape(words)}</p>" if words else "")
        + "<p>如有异议，可向受理地或户籍地申请复核。</p>"
        f"<p>申请编号：{application.application_id}<br>决定日期：{application.decided_on:%Y年%m月%d日}</p></body></html>"
    )
