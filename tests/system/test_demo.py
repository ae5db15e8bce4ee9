"""`make demo`, small: it ends well, says so in its report, and leaves nothing running however it ends."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import psutil
import pytest

from deploy.local.forkserver import PROJECT

PERSONS: Final = "200"
CANCELLATIONS: Final = "5"
MOMENTS: Final = ("Liangfu demonstration", "the stack starts", "holders imported", "subsidy suspended")


@contextmanager
def a_demo(var_dir: Path) -> Iterator[subprocess.Popen[str]]:
    """One run; however the test ends, it does."""
    argv = [sys.executable, "-m", "deploy.demo", "--var", str(var_dir), "--persons", PERSONS]
    with subprocess.Popen(
        [*argv, "--cancellations", CANCELLATIONS],
        cwd=PROJECT,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as run:
        try:
            yield run
        finally:
            run.terminate()


@pytest.fixture(scope="module")
def var_dir(home: Path) -> Path:
    return home / "demo-var"


def test_the_demonstration_ends_well_and_a_second_one_beside_it_is_refused_without_touching_it(var_dir: Path) -> None:
    with a_demo(var_dir) as run:
        wait_for_line(run, "the stack starts")
        with a_demo(var_dir) as second:
            refused, _ = second.communicate(timeout=60)
        assert second.returncode == 1
        assert "already runs" in refused
        told, _ = run.communicate(timeout=180)
    assert run.returncode == 0, told
    report = json.loads((var_dir / "demo" / "report.json").read_text())
    assert report["ok"]
    assert all(set(step) == {"name", "ok", "ms"} and step["ok"] for step in report["steps"])
    assert report["steps"][-1]["name"] == "stack_stopped"
    assert report["cancellation_to_suspension_ms"].keys() == {"n", "p50", "p99", "max"}
    assert report["cancellation_to_suspension_ms"]["n"] == int(CANCELLATIONS)
    assert (report["persons"], report["memory_mib"] > 0) == (int(PERSONS), True)


@pytest.mark.parametrize("reached", MOMENTS if os.environ.get("LIANGFU_PROFILE") == "full" else MOMENTS[:1])
def test_ctrl_c_ends_it_at_any_time_and_leaves_no_process(var_dir: Path, reached: str) -> None:
    with a_demo(var_dir) as run:
        wait_for_line(run, reached)
        while not (started := psutil.Process(run.pid).children(recursive=True)):
            time.sleep(0.01)
        run.send_signal(signal.SIGINT)
        run.communicate(timeout=60)
    assert run.returncode == 130
    assert [process for process in started if _runs(process)] == []
    assert not json.loads((var_dir / "demo" / "report.json").read_text())["ok"]


def wait_for_line(run: subprocess.Popen[str], words: str) -> None:
    assert run.stdout is not None
    assert any(words in line for line in run.stdout)


def _runs(process: psutil.Process) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
