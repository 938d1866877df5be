"""Run by :mod:`pdf` as a process of its own: a long table takes a gigabyte while it is set, which the worker gets back at the end."""

import sys

import typst

if __name__ == "__main__":
    folder, fonts, timestamp, *standards = sys.argv[1:]
    typst.compile(
        f"{folder}/main.typ", output=f"{folder}/report.pdf", root=folder, font_paths=[fonts], ignore_system_fonts=True,
        pdf_standards=standards,  # type: ignore[arg-type]  # words of the command line, which typst checks itself
        timestamp=int(timestamp),
    )
