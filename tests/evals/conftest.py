"""Properties are checked without a time limit each: a busy machine is no failure."""

from hypothesis import settings

settings.register_profile("crosscheck", deadline=None)
settings.load_profile("crosscheck")
