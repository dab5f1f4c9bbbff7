"""Properties are tested without a clock: a busy machine is no fault. A failure prints how to repeat it."""

import os

from hypothesis import Phase, settings

settings.register_profile("unhurried", deadline=None, print_blob=True)
# Where it only matters whether something fails (tests/threats/run_mutants.py), no smaller example is looked for.
settings.register_profile("first failure", deadline=None, phases=[Phase.explicit, Phase.generate])
settings.load_profile(os.environ.get("YITI_PROPERTIES", "unhurried"))
