"""What texts are, under every room: normalising, words, redline, quotes, stems, similarity; no database, no Flask."""
