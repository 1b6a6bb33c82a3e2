"""What a server of live events serves: notes and contacts, to anybody. It runs no worker."""

from fix_events import ContactCreated, NoteTaken
from headrace import Headrace, LiveFilter
from headrace.web import LiveEndpoint, LiveRequest

app = Headrace(name="watched", say=lambda _: None)
app.register(NoteTaken, ContactCreated)


async def anybody(_request: LiveRequest) -> LiveFilter:
    return LiveFilter()


live = LiveEndpoint(app, authorize=anybody, buffer=50)
