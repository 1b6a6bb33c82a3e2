import os

import pytest
from bench.stamps import Stamps, stamps


async def test_what_several_processes_write_down_is_read_as_one():
    with stamps() as file:
        other = Stamps(file.path)
        file.add([1, 2])
        other.add([3])
        handled = await file.wait_for([1, 2, 3], seconds=5)
        other.close()
        assert handled[1] == handled[2] <= handled[3]


def test_of_an_event_handled_twice_the_first_time_counts():
    with stamps() as file:
        file.add([1])
        first = file.read()
        file.add([1])
        assert file.read() == first


def test_a_line_that_is_still_being_written_is_not_read():
    with stamps() as file:
        file.add([1])
        before = file.read()
        with open(file.path, "ab", buffering=0) as half:  # noqa: PTH123 - unbuffered
            half.write(b"2 12")
        assert file.read() == before


async def test_an_event_that_is_never_handled_is_not_waited_for_longer_than_asked():
    with stamps() as file, pytest.raises(TimeoutError):
        await file.wait_for([1], seconds=0.1)


def test_the_file_goes_with_its_block():
    with stamps() as file:
        assert os.path.exists(file.path)  # noqa: PTH110 - a path as text
    assert not os.path.exists(file.path)  # noqa: PTH110
