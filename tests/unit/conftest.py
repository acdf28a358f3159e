"""Unit tests share a cache of their own; of the user's they see the images."""

from __future__ import annotations

from pathlib import Path

import pytest

from xipsim.firmware.store import cache_dir


@pytest.fixture(scope="session")
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    own = tmp_path_factory.mktemp("cache")
    (own / "firmware").symlink_to(cache_dir() / "firmware")
    return own


@pytest.fixture(autouse=True)
def _use_it(own_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XIPSIM_CACHE", str(own_cache))
