"""Jobs of a worker, watched from outside: when one has ended, and what memory the process took for it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import httpx
import psutil

from tests.bench.ground import Ground

POLL_SECONDS: Final = 0.05
JOB_SECONDS_MAX: Final = 900.0
WORKER: Final = "registry.worker"
MIB: Final = 1024.0


async def job_ended(client: httpx.AsyncClient, url: str, submitted: httpx.Response) -> dict[str, Any]:
    """The job that was submitted, once it has succeeded. Raises AssertionError when it ended otherwise."""
    job: dict[str, Any] = submitted.raise_for_status().json()
    began = time.perf_counter()
    while job["state"] not in {"SUCCEEDED", "FAILED", "CANCELLED"}:
        if time.perf_counter() - began > JOB_SECONDS_MAX:
            raise TimeoutError(f"the job did not end: {job}")
        await asyncio.sleep(POLL_SECONDS)
        answer = await client.get(f"{url}/api/v1/jobs/{job['job_id']}")
        if answer.status_code == httpx.codes.SERVICE_UNAVAILABLE:
            continue
        assert answer.is_success, answer.text
        job = answer.json()
    if job["state"] != "SUCCEEDED":
        raise AssertionError(f"{job['state']}: {job['error']}")
    return job


def peak(ground: Ground) -> float:
    """The most memory the worker has had since `forget_peak`, in MiB."""
    return _status(ground, "VmHWM")


def forget_peak(ground: Ground) -> float:
    """Let the kernel measure the peak anew; what the worker takes now, in MiB."""
    Path(f"/proc/{ground.stack.process(WORKER).pid}/clear_refs").write_text("5")
    return _status(ground, "VmRSS")


def processor_seconds(ground: Ground) -> float:
    """What the worker has computed since it began: of a job, the time it would take with a processor of its own."""
    times = psutil.Process(ground.stack.process(WORKER).pid).cpu_times()
    return times.user + times.system


def _status(ground: Ground, name: str) -> float:
    text = Path(f"/proc/{ground.stack.process(WORKER).pid}/status").read_text()
    values: Sequence[str] = next(line.split() for line in text.splitlines() if line.startswith(f"{name}:"))
    return int(values[1]) / MIB
