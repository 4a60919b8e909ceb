"""clfcore: a lab for image classification, without a browser. `import clfcore` loads neither torch nor streamlit."""

from clfcore import heavy_imports

__version__ = "0.1.0"

heavy_imports.install()
