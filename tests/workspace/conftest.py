from __future__ import annotations

from tests.sandbox.conftest import me, person

__all__ = ["me", "person"]
