"""The declared table: every (method, route) of every service, and what each caller gets there.

A new route without a row fails the build, and so does a row without a route. To add one, write a line in the file of
its service: the permissions, what a permitted caller is answered, and if it is not the ordinary thing, what a caller
of another county is answered. Requests must be repeatable: one that would change something asks for what is there
already, or with a version nobody saw.
"""

from collections.abc import Mapping
from typing import Final

from tests.integration.authorisation.row import Row
from tests.integration.authorisation.rows import indicators, registry, rehab, subsidy

ROWS: Final[Mapping[str, tuple[Row, ...]]] = {
    "registry": registry.ROWS,
    "subsidy": subsidy.ROWS,
    "rehab": rehab.ROWS,
    "indicators": indicators.ROWS,
}
