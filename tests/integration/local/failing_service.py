"""A process that cannot start."""


def main() -> None:
    """Fail as a service with bad settings does."""
    message = "the settings are wrong"
    raise LookupError(message)
