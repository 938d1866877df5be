"""Numbers as word processors write them: in digits, letters or Roman, Latin or Arabic."""

ROMAN = ((1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l"), (40, "xl"), (10, "x"), (9, "ix"), (5, "v"),
         (4, "iv"), (1, "i"))
LATIN = "abcdefghijklmnopqrstuvwxyz"
ALPHABET, ABJAD = "أبتثجحخدذرزسشصضطظعغفقكلمنهوي", "أبجدهوزحطيكلمنسعفصقرشتثخذضظغ"
LETTERS = {
    "lowerLetter": LATIN, "upperLetter": LATIN.upper(), "arabicAlpha": ALPHABET, "arabicAbjad": ABJAD,
    "a": LATIN, "A": LATIN.upper(), "LowerAlpha": LATIN, "UpperAlpha": LATIN.upper(), "أ, ب, ت, ...": ALPHABET, "أ, ب, ج, ...": ABJAD,
}


def spelled(number: int, form: str) -> str:
    """``form`` as Word (``upperRoman``), OpenDocument (``I``) or pandoc (``UpperRoman``) names it; digits for what is not known here."""
    if form in LETTERS and number > 0:
        # Word and LibreOffice go on with aa, bb, cc.
        times, at = divmod(number - 1, len(LETTERS[form]))
        return LETTERS[form][at] * (times + 1)
    if form in ("upperRoman", "UpperRoman", "I"):
        return roman(number).upper()
    if form in ("lowerRoman", "LowerRoman", "i"):
        return roman(number)
    if form in ("none", ""):
        return ""
    return f"{number:02}" if form == "decimalZero" else str(number)


def roman(number: int) -> str:
    word = ""
    for value, sign in ROMAN:
        times, number = divmod(number, value)
        word += sign * times
    return word
