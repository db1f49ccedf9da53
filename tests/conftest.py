"""What all tests share: how hard properties are tried."""

import os

from hypothesis import settings

settings.register_profile("fast", max_examples=10, deadline=None, derandomize=True)
settings.register_profile("full", max_examples=100, deadline=None, derandomize=True)  # the same examples every time
settings.register_profile("search", max_examples=2000, deadline=None)  # HYPOTHESIS_PROFILE=search looks for new ones
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "full"))
