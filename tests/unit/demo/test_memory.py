"""Memory of the stack is weighed while its processes come and go."""

import os
import subprocess

import psutil
import pytest

from deploy.local import memory


def test_a_process_that_ends_while_it_is_weighed_counts_for_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    child = subprocess.Popen(["sleep", "60"])
    ended = psutil.Process(child.pid)
    child.kill()
    child.wait()
    monkeypatch.setattr(psutil.Process, "children", lambda *_, **__: [ended])
    (share,) = memory.measure(os.getpid(), {}).shares
    assert (share.name, share.processes) == (memory.SUPERVISOR, 1)
    assert share.pss_bytes > 0
