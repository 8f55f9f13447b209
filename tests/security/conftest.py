"""Commands, as the integration tests give them; Prefect keeps its files where theirs does."""

import tests.integration.conftest  # noqa: F401 - says where, before anything imports Prefect
from tests.commands import command, installation

__all__ = ["command", "installation"]
