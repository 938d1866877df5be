"""Tables of Markdown whose rows have more cells than their head: no cell is dropped."""

from markdown.extensions.tables import TableExtension, TableProcessor


class WideTables(TableProcessor):
    """The library cuts each row to the width of the head; here a row keeps all of its cells."""

    def _build_row(self, row, parent, align):
        beyond = len(self._split_row(row)) - len(align)  # type: ignore[attr-defined]  # the stubs leave it out
        super()._build_row(row, parent, [*align, *[None] * max(0, beyond)])  # type: ignore[misc]  # same


class WideTablesExtension(TableExtension):
    def extendMarkdown(self, md):  # noqa: N802 - the library's name
        if "|" not in md.ESCAPED_CHARS:
            md.ESCAPED_CHARS.append("|")
        md.parser.blockprocessors.register(WideTables(md.parser, self.getConfigs()), "table", 75)
