import pytest
from celery.signals import heartbeat_sent
from django.core.cache import cache
from redis.exceptions import ConnectionError as NoRedis

from reviewapp import workers


class TestAlive:
    @pytest.fixture(autouse=True)
    def _forgotten(self) -> None:
        cache.delete(workers._KEY)

    def test_it_works(self) -> None:
        assert not workers.alive()
        heartbeat_sent.send(sender=None)  # as a worker does every two seconds
        assert workers.alive()

    def test_whoever_says_nothing_is_taken_for_dead(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(workers, "HOLDS", 0)
        workers.say_alive()
        assert not workers.alive()

    def test_without_redis(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def refused(*args: object, **kwargs: object) -> None:
            raise NoRedis("refused")

        monkeypatch.setattr(cache, "get", refused)
        monkeypatch.setattr(cache, "set", refused)
        workers.say_alive()
        assert not workers.alive()
