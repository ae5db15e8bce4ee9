"""What this service guards: no request of a person can be about it, its copies hold opaque ids alone."""

from __future__ import annotations

from typing import Final

from services.indicators.adapters.reports import ACCEPTANCE, BATCH_ACCEPTANCE
from services.indicators.adapters.snapshots import APPROVAL_OF_SNAPSHOT
from services.indicators.adapters.tables import answers, blobs, jobs
from shared.kit.consumption_routes import DRIFT
from shared.kit.rotation import READER_COLUMNS, house_columns
from shared.kit.trust import Trust

TRUST: Final = Trust(
    jobs=jobs,
    answers=answers,
    blobs=blobs,
    sealed=(*house_columns(answers, blobs), *READER_COLUMNS),
    matters=(DRIFT, ACCEPTANCE, BATCH_ACCEPTANCE, APPROVAL_OF_SNAPSHOT),
)
