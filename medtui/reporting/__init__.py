"""A study's report, made of its folders: HTML in one file, or Markdown with figures beside it."""
