"""Who acts in the demonstration: the roles of the field, each with a token of their own and no more than it allows."""

from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Final, Self

from deploy.demo.api import Api
from deploy.local.stack import Stack

PREFECTURE: Final = "3415"
LIFETIME_SECONDS: Final = 12 * 3600


@dataclass(frozen=True, slots=True)
class Cast:
    """Keep-alive clients: caller at service. All but the two who make policy see the prefecture only."""

    reviewer: Api
    """Disability federation (残联审核人) at the registry."""
    determiner: Api
    """Civil affairs (民政审定人) at the subsidy service."""
    rehabilitator: Api
    """Disability federation at the rehab service."""
    statistician: Api
    """At the indicators service."""
    auditor: Api
    """At the registry, reads everything and changes nothing."""
    subsidy_auditor: Api
    """The auditor at the subsidy service."""
    drafter: Api
    """Civil affairs of the province: drafts policy."""
    approver: Api
    """A second person there: approves it."""

    @classmethod
    async def assemble(cls, stack: Stack, closing: AsyncExitStack) -> Self:
        """Everybody, until ``closing`` closes."""

        async def enter(service: str, role: str, subject: str, name: str, division: str = PREFECTURE) -> Api:
            token = stack.token(
                role, divisions=(division,), subject=subject, name=name, lifetime_seconds=LIFETIME_SECONDS
            )
            return await closing.enter_async_context(Api(stack.url(service), token))

        return cls(
            reviewer=await enter("registry", "county_reviewer", "wang.shenhe", "王审核"),
            determiner=await enter("subsidy", "county_determiner", "li.shending", "李审定"),
            rehabilitator=await enter("rehab", "county_reviewer", "wang.shenhe", "王审核"),
            statistician=await enter("indicators", "statistician", "zhao.tongji", "赵统计"),
            auditor=await enter("registry", "auditor", "chen.shenji", "陈审计"),
            subsidy_auditor=await enter("subsidy", "auditor", "chen.shenji", "陈审计"),
            drafter=await enter("subsidy", "county_determiner", "wu.qicao", "吴起草", "*"),
            approver=await enter("subsidy", "county_determiner", "zheng.fuhe", "郑复核", "*"),
        )


async def operator(stack: Stack, service: str, closing: AsyncExitStack) -> Api:
    """The system administrator (系统管理员) at a service: sees positions and letters, no person."""
    token = stack.token("system_administrator", subject="sun.guanli", name="孙管理", lifetime_seconds=LIFETIME_SECONDS)
    return await closing.enter_async_context(Api(stack.url(service), token))
