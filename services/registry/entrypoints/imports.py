"""Every spreadsheet the register takes in, with its path and permission."""

from __future__ import annotations

from typing import Any, Final

from services.registry.adapters.work import RegistryWork
from services.registry.entrypoints.jobs import CARD_IMPORT, PERSON_IMPORT
from services.registry.entrypoints.jobs_portals import FOREIGN_ID_IMPORT
from services.registry.entrypoints.jobs_reports import DEATH_IMPORT, MOVE_IMPORT
from services.registry.entrypoints.jobs_surveys import SURVEY_IMPORT
from shared.kit.imports import Import

IMPORTS: Final[tuple[tuple[Import[Any, RegistryWork], str, str], ...]] = (
    (PERSON_IMPORT, "/api/v1/person-imports", "person:import"),
    (CARD_IMPORT, "/api/v1/certificate-imports", "person:import"),
    (DEATH_IMPORT, "/api/v1/death-imports", "report:import"),
    (MOVE_IMPORT, "/api/v1/move-imports", "report:import"),
    (SURVEY_IMPORT, "/api/v1/survey-imports", "survey:import"),
    (FOREIGN_ID_IMPORT, "/api/v1/foreign-id-imports", "person:import"),
)
