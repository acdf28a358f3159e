"""Unit tests share a cache of their own; of the user's they see the images."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from xipsim.firmware.store import cache_dir


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    own = tmp_path_factory.mktemp("cache")
    (own / "firmware").symlink_to(cache_dir() / "firmware")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XIPSIM_CACHE", str(own))
        yield
