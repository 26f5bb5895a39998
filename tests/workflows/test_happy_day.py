"""A day on which everything comes, the lines late as on the real date."""

from temporalio.client import Client

from tests.support.days import World, play
from tipoff.vocabulary import DataQuality, RunState


async def test_a_day_on_which_everything_comes_ends_complete(client: Client) -> None:
    import time
    t=time.time()
    played = await play(client, World())
    print(time.time()-t, len(played.history.events))
    from collections import Counter
    print(Counter(d.activity for d in played.deeds))
    print(played.result)
    for d in played.deeds: print(d)
    assert played.result.state is RunState.COMPLETE
    assert played.result.data_quality is DataQuality.COMPLETE
