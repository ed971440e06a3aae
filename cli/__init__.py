"""The command `cct-text`: one file per verb, each a thin wrapper over one library function."""
