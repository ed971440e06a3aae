"""`python -m cct_text_cli` is `cct-text`."""

from .main import main

main()
