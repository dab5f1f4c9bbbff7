"""What a gateway is told from outside: environment variables beginning with YITI_, each one documented here.

Each module is a room of settings that belong together; `loading.py` composes them, `printing.py` shows them.
"""

from gateway.settings.loading import Settings, SettingsError, load
from gateway.settings.printing import reference, table

__all__ = ["Settings", "SettingsError", "load", "reference", "table"]
