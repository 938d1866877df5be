"""Documents: one report gathered once (:mod:`report`), written as Markdown, Word or PDF from the same parts."""
