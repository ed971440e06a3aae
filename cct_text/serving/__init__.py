"""A trained classifier behind HTTP, with a page for people; needs the extra `serve`."""
