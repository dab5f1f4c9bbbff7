"""Properties are tested without a clock: a busy machine is no fault. A failure prints how to repeat it."""

from hypothesis import settings

settings.register_profile("unhurried", deadline=None, print_blob=True)
settings.load_profile("unhurried")
