"""Sphinx settings of the manual."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

project = "TwistedMQ"
copyright = "the TwistedMQ contributors"
author = "the TwistedMQ contributors"

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.doctest",
    "sphinx.ext.napoleon",
]
source_suffix = {".md": "markdown"}
exclude_patterns = ["_build"]
myst_heading_anchors = 3
myst_enable_extensions = ["colon_fence", "deflist"]
autodoc_typehints = "none"
html_theme = "alabaster"
html_theme_options = {"description": "Apache RocketMQ in Python on Twisted"}
