"""Frame rates as exact fractions: 23.976 means 24000/1001, never 2997/125."""

from fractions import Fraction


def exact_rate(rate: float | Fraction) -> Fraction:
    """Give the exact rate that a rounded one stands for.

    Whatever lies nearer than 0.005 to an NTSC rate (``n * 1000 / 1001``) is that rate: files
    say 23.98, 23.976 and 23.976023976 for the same thing.
    """
    nominal = round(rate)
    ntsc = Fraction(nominal * 1000, 1001)
    if nominal and abs(float(rate) - float(ntsc)) < 0.005 and rate != nominal:
        return ntsc
    return Fraction(rate).limit_denominator(1001)


def parse_rate(text: str) -> Fraction:
    """Read a rate as a user writes it: ``24``, ``23.976``, ``30000/1001``.

    Raises ValueError, in words for the user.
    """
    try:
        rate = exact_rate(Fraction(text.strip()))
    except (ValueError, ZeroDivisionError) as error:
        raise ValueError(f"{text!r} is no frame rate; should be like 24, 23.976 or 30000/1001") from error
    if not 1 <= rate <= 1000:
        raise ValueError(f"{text!r} is no frame rate; should be from 1 to 1000")
    return rate
