import pytest

from reviewapp import workers


class TestAlive:
    @pytest.fixture(autouse=True)
    def _forgotten(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(workers, "_last", None)

    def test_it_works(self, monkeypatch: pytest.MonkeyPatch) -> None:
        pong = [{"celery@here": {"ok": "pong"}}]
        monkeypatch.setattr(workers.app.control, "broadcast", lambda *a, **k: pong)
        assert workers.alive()

    def test_it_asks_once_in_ten_seconds(self, monkeypatch: pytest.MonkeyPatch) -> None:
        asked: list[int] = []
        monkeypatch.setattr(workers.app.control, "broadcast", lambda *a, **k: asked.append(1))
        assert not workers.alive()
        assert not workers.alive()
        assert len(asked) == 1

    def test_without_redis(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def refused(*args: object, **kwargs: object) -> None:
            raise ConnectionError("refused")

        monkeypatch.setattr(workers.app.control, "broadcast", refused)
        assert not workers.alive()
