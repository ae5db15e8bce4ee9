"""What the harness runs in place of a service's module: the changes asked for, then the ordinary `main`."""

from __future__ import annotations

import importlib
import os
from pathlib import Path

from tests.faults.changes import CHANGES
from tests.faults.steps import Control


def main() -> None:
    """``FAULTS_RUNS``: the module; ``FAULTS_CHANGES``: what to change, by name; ``FAULTS_DIR``: the link."""
    control = Control(Path(os.environ.pop("FAULTS_DIR")))
    for name in os.environ.pop("FAULTS_CHANGES").split():
        CHANGES[name](control)
    importlib.import_module(os.environ.pop("FAULTS_RUNS")).main()
