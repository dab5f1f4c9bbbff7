from __future__ import annotations

from gateway.sources.reading import Reading
from tests.gateway.sources.memory import a_call
from tests.gateway.sources.two_agencies import HOLDERS, NEEDS, House, names


async def test_each_persons_records_come_in_the_order_asked_and_whoever_has_none_has_none(house: House) -> None:
    reading = await house.sources.read(HOLDERS, NEEDS, a_call())
    second, stranger, first = reading.of("PersonRecord", ["t2", "nobody", "t1"])
    assert (names(second), stranger, names(first)) == (["李四"], (), ["张三", "张三"])
    assert reading.of("Visit", ["t1", "t2"]) == [(), ()]


async def test_two_rounds_are_one_reading_of_everything_that_either_brought(house: House) -> None:
    own = await house.sources.read(HOLDERS, {"PersonRecord": ("name",)}, a_call())
    peers = await house.sources.read({"t1": {"zhejiang-gateway": ("t1",)}}, {"PersonRecord": ("name",)}, a_call())
    both = own.joined(peers)
    first, second = both.of("PersonRecord", ["t1", "t2"])
    assert names(first) == ["张三", "张三", "张三", "章三"]
    assert names(second) == ["李四"]
    assert [one.source for one in both.outcomes] == ["jiangsu-police", "jiangsu-centre", "zhejiang-gateway"]
    assert Reading({}, (), ()).joined(own) is own
