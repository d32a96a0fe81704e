"""Rows of tables without rules, by a column or by middles that show them."""

from engine.convert.refine.anchoredrows import read_middle_rows
from engine.convert.refine.tablecells import TableCells
from tests.engine.convert.drawn import DrawnPage


def _rows(page: DrawnPage) -> list[list[str]]:
    read, text = page.read()
    TableCells().apply(read, text)
    [block] = read.blocks
    return [[cell.text for cell in row] for row in block.rows]


def _written(columns: dict[float, list[tuple[float, str]]]) -> DrawnPage:
    page = DrawnPage()
    for x, entries in columns.items():
        for y, text in entries:
            page.write(x, y, text)
    return page


def test_numbers_say_where_rows_begin_whatever_the_model_makes_of_wrapped_names() -> None:
    page = _written(
        {
            50: [
                (50, "Name of it"),
                (64, "windows-pc-"),
                (76, "older"),
                (88, "windows-pc-"),
                (100, "newer"),
                (112, "linux"),
            ],
            150: [(50, "Tier"), (64, "1"), (88, "2"), (112, "2")],
            250: [(50, "Count"), (64, "6.7"), (88, "3.5"), (112, "0.2")],
        }
    )
    page.table([48, 145, 245, 330], [38, 54, 67, 103, 116])
    assert _rows(page) == [
        ["Name of it", "Tier", "Count"],
        ["windows-pc-older", "1", "6.7"],
        ["windows-pc-newer", "2", "3.5"],
        ["linux", "2", "0.2"],
    ]


def test_what_stands_in_no_first_column_and_had_no_room_above_is_the_rest_of_its_row() -> None:
    page = _written(
        {
            50: [(50, "OLD_SETTING"), (64, "FIRST_SETTING"), (92, "SECOND_SETTING"), (106, "THIRD")],
            180: [
                (50, "Notes"),
                (64, "Use the one of"),
                (78, "STABILITY_DELAY"),
                (92, "As ever"),
                (106, "Removed"),
            ],
        }
    )
    page.table([48, 170, 262], [38, 54, 68, 82, 96, 110])
    assert _rows(page)[1:] == [
        ["FIRST_SETTING", "Use the one of STABILITY_DELAY"],
        ["SECOND_SETTING", "As ever"],
        ["THIRD", "Removed"],
    ]


def test_a_row_without_a_first_entry_stays_one_where_there_was_room_above() -> None:
    page = _written(
        {
            50: [(50, "Day"), (64, "Mon"), (92, "Tue"), (106, "Wed")],
            180: [(50, "Task"), (64, "sow"), (78, "water"), (92, "reap"), (106, "rest")],
        }
    )
    page.table([48, 170, 330], [38, 54, 68, 82, 96, 110])
    assert len(_rows(page)) == 5


def test_a_short_rest_below_a_full_name_is_no_row_though_it_is_in_the_first_column() -> None:
    page = _written(
        {
            50: [(50, "Old"), (64, "POLLING_DELAY"), (78, "POLLING_RETRY"), (90, "_LOT"), (104, "POLLING")],
            150: [(50, "New"), (64, "POLLING_INTERVAL"), (78, "STABILITY_DELAY"), (104, "STABILITY_CHECKS")],
            260: [(50, "Notes"), (64, "Now renamed"), (78, "Automatic with"), (90, "tracking"), (104, "Removed")],
        }
    )
    page.table([48, 145, 255, 330], [38, 54, 68, 82, 94, 108])
    assert _rows(page)[2:] == [
        ["POLLING_RETRY _LOT", "STABILITY_DELAY", "Automatic with tracking"],
        ["POLLING", "STABILITY_CHECKS", "Removed"],
    ]


def test_two_rows_are_enough_where_rests_read_on() -> None:
    page = _written(
        {
            50: [(50, "Old"), (64, "BARCODE_SCANNER")],
            180: [(50, "Notes"), (64, "this is now the only"), (78, "backend")],
        }
    )
    page.table([48, 170, 275], [38, 54, 68, 82])
    assert _rows(page)[1:] == [["BARCODE_SCANNER", "this is now the only backend"]]


def test_names_below_each_other_are_rows_however_long() -> None:
    page = _written(
        {
            50: [(50, "Name"), (64, "DBSSLMODE_OF_IT"), (92, "DBSSLROOTCERTIFICATE"), (120, "DBSSLCERTIFICATE")],
            180: [
                (50, "Replacement"),
                (64, "sslmode=<value> or"),
                (78, "ssl_mode=<value>"),
                (92, "sslrootcert=<path> or"),
                (106, "ssl.ca.path=<path>"),
                (120, "sslcertificate=<path>"),
            ],
        }
    )
    page.table([48, 170, 290], [38, 54, 68, 82, 96, 110, 124])
    assert [row[0] for row in _rows(page)[1:]] == ["DBSSLMODE_OF_IT", "DBSSLROOTCERTIFICATE", "DBSSLCERTIFICATE"]


def test_lines_of_which_each_had_room_above_in_two_columns_are_rows_though_the_model_sees_one() -> None:
    page = _written(
        {
            50: [(50, "Token of it"), (64, "rm"), (78, "ro"), (92, "eslav"), (106, "sr"), (120, "sk")],
            180: [
                (50, "Meaning"),
                (64, "Romansh"),
                (78, "Romanian"),
                (92, "East Slavic family"),
                (120, "Slovak"),
                (106, "Serbian"),
            ],
        }
    )
    page.table([48, 170, 290], [38, 54, 82, 96, 124])
    assert _rows(page)[1:] == [
        ["rm", "Romansh"],
        ["ro", "Romanian"],
        ["eslav", "East Slavic family"],
        ["sr", "Serbian"],
        ["sk", "Slovak"],
    ]


def test_a_line_below_one_that_ends_with_a_comma_is_its_rest_whatever_room_there_was() -> None:
    page = _written(
        {
            50: [(50, "Token"), (64, "ab"), (78, "arabic"), (106, "az")],
            150: [
                (50, "Meaning"),
                (64, "Abkhaz"),
                (78, "Arabic, Kurdish,"),
                (92, "Sindhi, Baluchi and English"),
                (106, "Azeri"),
            ],
        }
    )
    page.table([48, 145, 330], [38, 54, 68, 82, 96, 110])
    assert _rows(page)[2] == ["arabic", "Arabic, Kurdish, Sindhi, Baluchi and English"]


def test_a_grid_of_one_column_is_not_believed_where_text_stands_in_two() -> None:
    page = DrawnPage()
    for row in range(5):
        page.write(50, 50 + 14 * row, ("Token", "af", "az", "bs", "ca")[row])
        page.write(150, 50 + 14 * row, ("Meaning", "Afrikaans", "Azerbaijani", "Bosnian", "Catalan")[row])
    page.table([48, 330], [38, 54, 82, 110])
    assert _rows(page) == [
        ["Token", "Meaning"],
        ["af", "Afrikaans"],
        ["az", "Azerbaijani"],
        ["bs", "Bosnian"],
        ["ca", "Catalan"],
    ]


def _two_columns(columns: dict[float, list[tuple[float, str]]], rows: list[float]) -> DrawnPage:
    page = DrawnPage()
    for x, entries in columns.items():
        for y, text in entries:
            page.write(x, y, text)
    page.table([48, 145, 220], rows)
    return page


def test_a_line_beside_the_middle_of_two_is_in_one_row_with_them() -> None:
    page = _two_columns(
        {
            50: [(56, "Name"), (84, "first"), (106, "second")],
            150: [(50, "How it is"), (62, "made"), (78, "by a hand"), (90, "or two"), (106, "by itself")],
        },
        [38, 53, 66, 94, 112],
    )
    assert _rows(page) == [["Name", "How it is made"], ["first", "by a hand or two"], ["second", "by itself"]]


def test_where_first_lines_are_at_one_height_middles_say_nothing() -> None:
    page = _two_columns(
        {
            50: [(50, "Name"), (66, "first"), (94, "second")],
            150: [(50, "Value"), (66, "one"), (78, "two"), (94, "three")],
        },
        [38, 54, 70, 82, 98],
    )
    read, text = page.read()
    assert not read_middle_rows(read.blocks[0], text)


def test_what_stands_below_an_entry_for_several_rows_is_a_row_where_it_is_surely_one() -> None:
    page = _written(
        {
            50: [(50, "Name"), (64, "mode"), (90, "state"), (104, "level")],
            130: [(50, "Bits"), (64, "2"), (90, "4"), (104, "5")],
            180: [(50, "Value"), (64, "00"), (78, "01"), (90, "0"), (104, "1")],
            230: [(50, "Meaning"), (64, "off"), (78, "on"), (90, "low"), (104, "high")],
        }
    )
    page.table([48, 125, 175, 225, 300], [38, 54, 82, 94, 110])
    assert _rows(page)[1:] == [
        ["mode", "2", "00", "off"],
        ["", "", "01", "on"],
        ["state", "4", "0", "low"],
        ["level", "5", "1", "high"],
    ]


def test_lines_of_code_in_a_cell_are_nearer_than_those_of_larger_text() -> None:
    page = _two_columns(
        {150: [(50, "What it does"), (76, "joins both"), (98, "parts them and"), (111, "ends")]},
        [38, 64, 72, 78, 90, 100, 107, 116],
    )
    for y, text in ((50, "Sign"), (70, "one, two"), (80.3, "three"), (104, "four")):
        page.write(50, y, text, font="cour", size=8)
    assert _rows(page) == [["Sign", "What it does"], ["one, two three", "joins both"], ["four", "parts them and ends"]]


def test_lines_that_read_on_in_each_column_are_the_rest_of_a_row() -> None:
    page = _written(
        {
            50: [(50, "Thing"), (62, "Finally"), (74, "perhaps"), (86, "Enquiries"), (98, "of all")],
            100: [
                (50, "About it"),
                (62, "People have gone to find"),
                (74, "it and use it."),
                (86, "Ask yourselves whether"),
                (98, "it is there."),
            ],
            200: [
                (50, "More"),
                (62, "Some of us have"),
                (74, "found it."),
                (86, "It was found by"),
                (98, "all of us."),
            ],
        }
    )
    page.table([48, 95, 195, 270], [38, 54, 66, 78, 90, 102])
    assert _rows(page) == [
        ["Thing", "About it", "More"],
        ["Finally perhaps", "People have gone to find it and use it.", "Some of us have found it."],
        ["Enquiries of all", "Ask yourselves whether it is there.", "It was found by all of us."],
    ]
