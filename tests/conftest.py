"""What all tests share: how hard properties are tried."""

import os

from hypothesis import settings

settings.register_profile("fast", max_examples=15, deadline=None)
settings.register_profile("full", max_examples=100, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "full"))
