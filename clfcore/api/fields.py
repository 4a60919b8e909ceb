"""The fields of a configuration by name: flag, default, rule, unit and help."""

from clfcore.config import FIELDS as FIELDS
from clfcore.train_command import flag as flag
