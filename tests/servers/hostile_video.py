"""H.264 by hand: pictures that claim any size, in a few bytes."""

_START = b"\0\0\0\1"
_PPS = bytes.fromhex("68ce3c80")


class BitWriter:
    """Most significant bit first."""

    def __init__(self) -> None:
        self._bits = ""

    def put(self, value: int, count: int) -> "BitWriter":
        self._bits += format(value, f"0{count}b")
        return self

    def golomb(self, *values: int) -> "BitWriter":
        """ue(v)"""
        for value in values:
            digits = format(value + 1, "b")
            self._bits += "0" * (len(digits) - 1) + digits
        return self

    def unit(self) -> bytes:
        """With the stop bit, and emulation prevention."""
        bits = self._bits + "1"
        bits += "0" * (-len(bits) % 8)
        raw = int(bits, 2).to_bytes(len(bits) // 8, "big")
        out, zeros = bytearray(), 0
        for byte in raw:
            if zeros >= 2 and byte <= 3:
                out.append(3)
                zeros = 0
            out.append(byte)
            zeros = zeros + 1 if byte == 0 else 0
        return bytes(out)


def sps(width: int, height: int, *, number_bits: int = 4, gaps: bool = False) -> bytes:
    """A sequence parameter set of the baseline profile."""
    writer = BitWriter().put(66, 8).put(0xC0, 8).put(51, 8)
    writer.golomb(0, number_bits - 4, 2, 1).put(gaps, 1)
    writer.golomb((width + 15) // 16 - 1, (height + 15) // 16 - 1)
    return b"\x67" + writer.put(1, 1).put(1, 1).put(0, 1).put(0, 1).unit()


def high_sps(width: int, height: int, *, number_bits: int, scaling: bool) -> bytes:
    """The same of a high profile with 4:4:4 colours; `scaling`: with lists of factors."""
    writer = BitWriter().put(244, 8).put(0, 8).put(51, 8).golomb(0, 3).put(0, 1).golomb(0, 0)
    writer.put(0, 1).put(scaling, 1)
    for index in range(12 if scaling else 0):
        writer.put(index % 2, 1)  # every other list is there
        if index % 4 == 1:
            writer.golomb(16)  # -8: the rest as the standard has it
        elif index % 4 == 3:
            writer.golomb(*[1] * (16 if index < 6 else 64))  # each one more than the one before
    writer.golomb(number_bits - 4, 2, 1).put(0, 1)
    writer.golomb((width + 15) // 16 - 1, (height + 15) // 16 - 1)
    return b"\x67" + writer.put(1, 1).put(1, 1).put(0, 1).put(0, 1).unit()


def slice_of(number: int, *, idr: bool = False, reference: bool = True, bits: int = 4) -> bytes:
    """The head of a slice; what follows is nothing that can be decoded."""
    writer = BitWriter().golomb(0, 7 if idr else 5, 0).put(number, bits)
    if idr:
        writer.golomb(0).put(0, 1).put(0, 1)
    kind = 5 if idr else 1
    return bytes((kind | reference << 5,)) + writer.golomb(0, 0).unit()


def claimed(width: int, height: int) -> bytes:
    """An access unit of some 20 bytes that says it is a keyframe of this size."""
    return b"".join(_START + unit for unit in (sps(width, height), _PPS, slice_of(0, idr=True)))
