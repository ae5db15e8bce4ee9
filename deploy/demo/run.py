"""The demonstration from the first server to the last figure."""

import asyncio
import shutil
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Final

import psutil

from deploy.demo import cancellations, policy, story, tour
from deploy.demo.cast import PREFECTURE, Cast, operator
from deploy.demo.generator import SyntheticPerson, generate
from deploy.demo.loading import Watch, caught_up, holders, import_awards, import_persons, open_cases
from deploy.demo.report import Report, Step, Target
from deploy.demo.screen import Screen, duration
from deploy.local.claim import Claim, StackIsRunning, end_leftovers
from deploy.local.stack import Stack
from shared.values.month import Month

CANCELLATION_MS_TARGET: Final = 150.0
MEMORY_MIB_TARGET: Final = 900.0
MIB: Final = 2**20
CASES: Final = 60
LATE_NEWS_DAYS: Final = 20
HALF_YEAR_MONTHS: Final = 6
"""A death that falls into the month before and is learned this month."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """How large the demonstration is, and where it keeps its files (`<var>/demo`)."""

    var_dir: Path
    persons: int
    seed: int
    cancellations: int

    @property
    def report_file(self) -> Path:
        """Where the figures go."""
        return self.var_dir / "demo" / "report.json"

    @property
    def stack_dir(self) -> Path:
        """The stack's own directory: emptied at every start, kept afterwards for `make up VAR=...`."""
        return self.var_dir / "demo" / "stack"


class StepFailed(Exception):
    """A step did not succeed: the rest would only repeat the complaint."""


class ProcessesLeft(Exception):
    """Something of the stack still runs after it was stopped."""


class Demonstration:
    """One run."""

    def __init__(self, wishes: Wishes, screen: Screen, *, began: float) -> None:
        self._wishes = wishes
        self._screen = screen
        self._began = began
        self.report = Report(facts={"persons": wishes.persons, "seed": wishes.seed})

    # ------------------------------------------------------------------ frame

    async def run(self) -> None:
        """Everything, then the report. Raises StepFailed after a step that did not succeed."""
        self._screen.heading("量服演示", "Liangfu demonstration")
        _empty(self._wishes.stack_dir)
        try:
            # Nobody of this population lives anywhere, and the story follows single persons through the figures.
            stack = Stack(self._wishes.stack_dir, extra_env={"SMALL_CELL_MIN": "1"})
            async with AsyncExitStack() as running:
                async with self._step("stack_started", "启动全部服务", "the stack starts"):
                    await running.enter_async_context(stack)
                await self._tell(stack)
                self._screen.heading("收尾", "The end")
                async with self._step("stack_stopped", "停止，无残留进程", "stopped, no process left"):
                    await running.aclose()
                    _nothing_left()
            self.report.finished = True
        finally:
            self.report.facts["wall_seconds"] = round(time.monotonic() - self._began, 1)
            self.report.write(self._wishes.report_file)
        self._sum_up()

    @asynccontextmanager
    async def _step(self, name: str, zh: str, en: str) -> AsyncIterator[None]:
        began = time.perf_counter()
        try:
            yield
        except Exception as error:
            self._ended(name, zh, en, began, ok=False)
            self.report.facts["failure"] = f"{name}: {type(error).__name__}: {error}"
            message = f"{zh} · {en}: {type(error).__name__}\n{error}\nlogs: {self._wishes.stack_dir / 'log'}"
            raise StepFailed(message) from error
        self._ended(name, zh, en, began, ok=True)

    def _ended(self, name: str, zh: str, en: str, began: float, *, ok: bool) -> None:
        ms = round((time.perf_counter() - began) * 1_000, 1)
        self.report.steps.append(Step(name, ok, ms))
        self._screen.step(zh, en, ms=ms, ok=ok)

    # ------------------------------------------------------------------ content

    async def _tell(self, stack: Stack) -> None:
        async with AsyncExitStack() as closing:
            cast = await Cast.assemble(stack, closing)
            desks = {service.name: await operator(stack, service.name, closing) for service in stack.services}
            watches = {service.name: Watch(desks[service.name], service.reads) for service in stack.services}
            today = date.fromisoformat((await desks["registry"].get("/api/v1/clock"))["today"])
            self._screen.note("  ".join(f"{service.name} {stack.url(service.name)}" for service in stack.services))
            await self._load(cast, watches, today)
            await self._look_around(stack)
            await self._live(cast, today)
            await self._cancel_many(cast)
            self._weigh(stack)
            await self._write_report(cast, today)

    async def _load(self, cast: Cast, watches: dict[str, Watch], today: date) -> None:
        wishes, screen = self._wishes, self._screen
        screen.heading("合成的六安市", "A synthetic Lu'an")
        directory = wishes.var_dir / "demo" / "import"
        directory.mkdir(parents=True, exist_ok=True)

        def persons() -> Iterator[SyntheticPerson]:
            """The same people every time it is asked, never all of them at once."""
            return generate(wishes.persons, seed=wishes.seed, today=today)

        async with self._step("persons_imported", f"导入 {wishes.persons:,} 名持证人员", "holders imported"):
            done = await import_persons(persons(), cast.reviewer, directory, screen)
        screen.note(f"收到 {done.received:,} 行，全部写入 all applied   {done.rows_per_second:,.0f} 行/秒 rows/s")
        self.report.facts["import_rows_per_second"] = round(done.rows_per_second)
        async with self._step("copies_filled", "各服务从事件得到自己的副本", "copies filled from events"):
            await caught_up(watches, screen)
        async with self._step("policy_in_force", "政策起草、复核、施行", "policy drafted, approved, in force"):
            documents = await policy.put_in_force(cast)
        screen.note(f"{documents} 份政策文件 policy documents")
        async with self._step("awards_imported", "导入两项补贴资格", "awards imported"):
            awards = await import_awards(persons(), cast.reviewer, cast.determiner, directory, screen)
        screen.note(f"{awards.applied:,} 项 awards")
        self.report.facts["awards"] = awards.applied
        async with self._step("cases_opened", f"逐个建立 {CASES} 个康复个案", "rehabilitation cases opened"):
            await open_cases(await holders(cast.reviewer, CASES), cast.rehabilitator, screen)
        async with self._step("caught_up", "事件全部到位", "every event has arrived"):
            self.report.facts["events"] = await caught_up(watches, screen)
        screen.note(f"{self.report.facts['events']:,} 个事件 events")

    async def _look_around(self, stack: Stack) -> None:
        async with self._step(
            "services_answer", "文档、指标、就绪检查（无需互联网）", "docs, metrics, readiness offline"
        ):
            answers = await tour.visit(stack)
        self._screen.note(f"{answers} 个页面和端点 pages and endpoints")

    async def _live(self, cast: Cast, today: date) -> None:
        screen = self._screen
        first, second = story.protagonists(self._wishes.persons, seed=self._wishes.seed, today=today)
        before = await story.figures(cast.statistician)
        life = story.Life(first)
        screen.heading(f"主线：{first.name}（合成人物）", "The main story")
        await self._begin(life, cast)
        async with self._step("indicators_counted", "指标已计入", "indicators count them"):
            counted = await story.moved(before, {"persons": 1, "certificates": 1, "awards": 1}, cast.statistician)
        screen.note(story.difference(before, counted))
        shown = await story.on_the_board(cast.statistician)
        async with self._step("cancelled", "注销残疾人证（不再符合残疾标准）", "certificate cancelled"):
            await story.cancel(life, cast)
        board = asyncio.create_task(story.board_moves(shown, cast.statistician))
        async with self._step("suspended", "补贴停发", "subsidy suspended"):
            milliseconds, award = await story.suspension(life, cast)
        screen.note(
            f"注销答复后 {duration(milliseconds)}，自 {award['effective_month']} 起停发 suspended from that month"
        )
        async with self._step("board_moved", "看板随之变化，并可追到日志条目", "the board moved, its number traced"):
            self.report.facts["cancellation_to_board_ms"] = round(await board, 1)
            await story.lineage_leads_to(life, cast)
        screen.note(f"注销答复后 {duration(self.report.facts['cancellation_to_board_ms'])} 见于看板 on the board")
        async with self._step("indicators_moved", "指标随之变化", "indicators moved"):
            ended = await story.moved(counted, {"certificates_ended": 1, "awards_ended": 1}, cast.statistician)
        screen.note(story.difference(counted, ended))
        async with self._step(
            "stop_explained", "停发依据：金额、规则、注销事件", "explained: amounts, rules, the event"
        ):
            amounts = await story.explain(life, award, cast)
        screen.note(f"注销当月应发 {amounts[0]} 元，次月 {amounts[1]} 元 due in its month, and in the next")
        async with self._step("cause_traced", "由停发追溯到注销请求", "traced back to the request"):
            await story.trace(life, cast, screen)
        self._stops = {life.stop_id}
        await self._die(story.Life(second), cast, today)

    async def _begin(self, life: story.Life, cast: Cast) -> None:
        async with self._step("registered", "登记人员", "registered"):
            await story.register(life, cast)
        async with self._step("certificate_issued", "核发残疾人证", "certificate issued"):
            await story.certify(life, cast)
        async with self._step("award_granted", "认定护理补贴", "nursing subsidy granted"):
            await story.grant(life, cast)

    async def _die(self, life: story.Life, cast: Cast, today: date) -> None:
        screen = self._screen
        screen.heading(f"另一条线：{life.person.name}（合成人物）", "Another story")
        async with self._step("second_life", "登记、发证、认定补贴、康复建档", "registered, granted, case opened"):
            for begin in (story.register, story.certify, story.grant, story.open_case):
                await begin(life, cast)
        died_on = Month.of(today).first_day - timedelta(days=LATE_NEWS_DAYS)
        async with self._step("death_reported", f"补报死亡（{died_on}）", "a death becomes known late"):
            await story.report_death(life, cast, died_on)
        async with self._step("death_stops_all", "补贴停发，康复个案结案", "subsidy suspended, case closed"):
            _, award = await story.suspension(life, cast)
            await story.case_closed(life, cast)
        screen.note(f"死亡当月仍应发，自 {award['effective_month']} 起停发 the month of the death stays due")

    async def _cancel_many(self, cast: Cast) -> None:
        screen = self._screen
        chosen = await cancellations.choose(cast.determiner, self._wishes.cancellations)
        screen.heading(f"连续注销 {len(chosen):,} 次", f"{len(chosen):,} cancellations in a row")
        async with self._step("cancellations_in_a_row", "逐个注销并等到停发", "one by one, each awaited"):
            measured = await cancellations.cancel_in_a_row(chosen, cast, screen)
        seen, committed = measured.observed, measured.committed
        screen.note(f"注销答复 → HTTP 见到停发：p50 {seen.p50} ms  p99 {seen.p99} ms  max {seen.max} ms")
        screen.note(
            f"提交 → 提交 commit to commit：p50 {committed.p50} ms  p99 {committed.p99} ms  max {committed.max} ms"
        )
        self.report.facts["cancellation_to_suspension_ms"] = asdict(seen)
        self.report.facts["commit_to_commit_ms"] = asdict(committed)
        self.report.targets["cancellation_to_suspension_ms_p99"] = Target(CANCELLATION_MS_TARGET, seen.p99)
        async with self._step("sets_equal", "注销的与停发的完全一致", "cancelled set = suspended set"):
            awards = await cancellations.compare(measured.stops | self._stops, cast.determiner)
        screen.note(f"{len(measured.stops) + 1:,} 本证 certificates → {awards:,} 项补贴 awards")

    def _weigh(self, stack: Stack) -> None:
        weighed = stack.memory()
        total = round(weighed.total_bytes / MIB, 1)
        self._screen.heading("内存（PSS）", "Memory")
        for text in str(weighed).splitlines():
            self._screen.note(text)
        self.report.facts["memory_mib"] = total
        self.report.facts["memory_by_process_mib"] = {
            share.name: round(share.pss_bytes / MIB, 1) for share in weighed.shares
        }
        self.report.targets["memory_mib"] = Target(MEMORY_MIB_TARGET, total)

    async def _write_report(self, cast: Cast, today: date) -> None:
        """The half-year before this one, as page and as Word."""
        year, half = (today.year, 1) if today.month > HALF_YEAR_MONTHS else (today.year - 1, 2)
        self._screen.heading("半年工作报告", "The half-year report")
        asked = {"division": PREFECTURE, "period": f"{year}-H{half}"}
        for form in ("html", "docx"):
            async with self._step(f"report_{form}", f"写出 {form}", f"written as {form}"):
                answer = await cast.statistician.fetch(f"/api/v1/work-reports/{form}", **asked)
                file = self._wishes.var_dir / "demo" / f"work-report-{asked['period']}.{form}"
                file.write_bytes(answer.content)
            self._screen.note(str(file))

    def _sum_up(self) -> None:
        screen = self._screen
        for name, target in self.report.targets.items():
            verdict = "达到 met" if target.met else "未达到 MISSED"
            screen.line(f"  {name}: {target.measured:g} ≤ {target.target:g} {verdict}")
        wall = self.report.facts["wall_seconds"]
        screen.line(f"\n全部完成，用时 {wall} s。报告 {self._wishes.report_file}")
        screen.line(f"Done. Look around in what it left: make up VAR={self._wishes.stack_dir}")


def _empty(directory: Path) -> None:
    """Begin with nothing, so that every run is the same. Raises StackIsRunning."""
    holder = Claim(directory).holder()
    if holder is not None:
        raise StackIsRunning(directory, str(holder))
    end_leftovers(directory / "stack.json")
    shutil.rmtree(directory, ignore_errors=True)


def _nothing_left() -> None:
    children = psutil.Process().children(recursive=True)
    if children:
        raise ProcessesLeft(", ".join(f"{child.pid} {child.name()}" for child in children))
