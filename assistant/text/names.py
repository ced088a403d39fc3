"""What names look like: capitals in a row, and the words that stand before or look like one."""

from __future__ import annotations

# A word with a capital, and names of at least one and of at least two such words.
WORD = r"\p{Lu}[\p{L}\p{M}]*"
NAME = rf"{WORD}(?:[ ]{WORD})*"
FULL_NAME = r"\p{Lu}[\p{L}\p{M}]+(?:\s\p{Lu}[\p{L}\p{M}]+){1,4}"

HONORIFICS = frozenset(
    "ông bà anh chị em cô chú bác ngài cụ mr mrs ms dr sir lady prof professor ths ts pgs gs bs "
    "president king queen prince captain general".split()
)


# Words that a sentence begins with and that are no name.
OPENERS = frozenset(
    """
    the a an in on at by for from with of to as and but or if when while where after before since
    during although though because however this that these those it its he she his her they their
    there here we our you i some many most all both each every no not one two such other another
    what which who how why under over between through until according also then thus so more
    despite unlike like only even once following within upon against among around yet instead
    theo trong tại vào từ khi nếu sau trước với về cùng các những một mỗi nhiều để do vì nhưng và
    tuy mặc dù ngoài bên hiện đây đó đến ở trên dưới giữa qua bằng nhờ cả có không là họ nó chúng
    ông bà anh chị thứ đồng ngày tháng năm sáng chiều tối hai ba bốn sáu bảy tám chín mười số việc
    người cũng đã được bị còn như hơn lúc nhất phần khoảng ít mọi toàn rất ngay nay
    """.split()
)
