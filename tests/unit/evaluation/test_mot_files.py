"""Reading MOTChallenge files: both forms, and a sentence with file and line for what is wrong."""

from pathlib import Path

import pytest

from vedette.contracts.errors import InvalidInput
from vedette.evaluation.mot import read_boxes, read_truth


def written(folder: Path, text: str) -> Path:
    path = folder / "rows.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_file_with_a_header_is_read_in_any_order_of_columns(tmp_path: Path) -> None:
    rows = read_boxes(
        written(
            tmp_path,
            "id,frame,left,top,width,height,label\n7,2,10,20,5,8,person\n3,1,1.5,2,4,6,car\n",
        )
    )
    assert rows.frames.tolist() == [1, 2]
    assert rows.ids.tolist() == [3, 7]
    assert rows.labels == ("car", "person")
    assert rows.boxes.tolist() == [[1.5, 2.0, 5.5, 8.0], [10.0, 20.0, 15.0, 28.0]]


def test_a_file_without_a_header_is_read_as_motchallenge(tmp_path: Path) -> None:
    path = written(tmp_path, "1,1,0,0,10,20,1,-1,-1,-1\n1,2,50,0,10,20,0,-1,-1,-1\n\n")
    assert len(read_boxes(path)) == 2
    truth = read_truth(path)
    assert truth.judged.ids.tolist() == [1], "confidence 0 means: do not judge"
    assert truth.aside.ids.tolist() == [2]
    assert truth.judged.labels is None


@pytest.mark.parametrize("text", ["", "\n", "frame,id,left,top,width,height,score,label\n"])
def test_a_file_without_rows_is_empty(tmp_path: Path, text: str) -> None:
    rows = read_boxes(written(tmp_path, text))
    assert len(rows) == 0
    assert rows.boxes.shape == (0, 4)


HEADER = "frame,id,left,top,width,height\n"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (HEADER + "1,1,0,0,10,20\n1,1,5,5,10,20\n", "line 3: object 1 is in frame 1 twice"),
        (HEADER + "1,1,0,0,10\n", "line 2: 5 columns where 6 belong"),
        (HEADER + "1,1,0,zero,10,20\n", "line 2: top is 'zero', and must be a number"),
        (HEADER + "1,1,0,nan,10,20\n", "line 2: top is 'nan', and must be a number"),
        (HEADER + "0,1,0,0,10,20\n", "line 2: frame is 0; frames count from 1"),
        (HEADER + "1.5,1,0,0,10,20\n", "line 2: frame is 1.5, and must be a whole number"),
        (HEADER + "1,1,0,0,0,20\n", "line 2: width and height must be more than 0"),
        ("frame,id,left,top,width\n", "line 1: the header must name each of frame, id"),
        ("frame,id,left,top,width,height,lable\n", "line 1: the header has the column 'lable'"),
        ("1,1,0,0,10\n", "line 1: 5 columns; a file without a header has 6 to 10"),
        (HEADER + '1,1,0,0,10,"20\n', "line 2: "),
    ],
)
def test_a_malformed_row_is_named_by_file_and_line(
    tmp_path: Path, text: str, sentence: str
) -> None:
    path = written(tmp_path, text)
    with pytest.raises(InvalidInput) as caught:
        read_boxes(path)
    assert str(caught.value).startswith(f"{path}, {sentence}")


def test_a_missing_file_and_a_binary_file_are_sentences(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="cannot be read: No such file"):
        read_boxes(tmp_path / "none.csv")
    picture = tmp_path / "picture.csv"
    picture.write_bytes(b"\xff\xd8\xff\xe0")
    with pytest.raises(InvalidInput, match="is not a text file"):
        read_boxes(picture)
