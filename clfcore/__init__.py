"""clfcore: a lab for image classification, without a browser. `import clfcore` loads neither torch nor streamlit."""

__version__ = "0.1.0"
