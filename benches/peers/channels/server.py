"""A hub of the usual kind, to be measured beside ours: Django Channels with its ORM on SQLite, served by uvicorn.

It speaks as much of our protocol as `concierge load --scenario flood` needs, and has neither rights nor limits
nor agents. The layer between sockets is the one in memory.

    python server.py PORT normal|full [FOLDER]
"""

import asyncio
import json
import secrets
import sys
import uuid
from datetime import datetime, timezone
from pathlib import Path

import django
from django.conf import settings

PORT, DURABILITY = int(sys.argv[1]), sys.argv[2]
FOLDER = Path(sys.argv[3] if len(sys.argv) > 3 else ".")
settings.configure(
    SECRET_KEY=secrets.token_hex(),
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    CHANNEL_LAYERS={"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}},
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": FOLDER / "peer.db",
            "OPTIONS": {"init_command": f"PRAGMA journal_mode=WAL; PRAGMA synchronous={DURABILITY};"},
        }
    },
)
django.setup()

from channels.db import database_sync_to_async  # noqa: E402
from channels.generic.websocket import AsyncWebsocketConsumer  # noqa: E402
from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from django.core.asgi import get_asgi_application  # noqa: E402
from django.db import connection, models  # noqa: E402
from django.http import JsonResponse  # noqa: E402
from django.urls import path  # noqa: E402
from django.views.decorators.csrf import csrf_exempt  # noqa: E402


class Message(models.Model):
    conversation = models.CharField(max_length=40)
    seq = models.IntegerField()
    client_id = models.CharField(max_length=80)
    actor = models.CharField(max_length=40)
    body = models.TextField()
    at = models.CharField(max_length=40)

    class Meta:
        app_label = "peer"
        unique_together = [("conversation", "seq"), ("conversation", "client_id")]

    def entry(self):
        return {
            "seq": self.seq,
            "prev": self.seq - 1,
            "audience": "everyone",
            "actor": {"kind": "contact", "id": self.actor},
            "author": "Visitor",
            "body": self.body,
            "content": {"kind": "message"},
            "client_id": self.client_id,
            "at": self.at,
        }


VISITORS, TOPS = {}, {}


def new_id(kind):
    digits, value = "0123456789ABCDEFGHJKMNPQRSTVWXYZ", uuid.uuid4().int
    return kind + "_" + "".join(digits[value >> 5 * place & 31] for place in range(25, -1, -1))


async def ready(request):
    return JsonResponse({})


@csrf_exempt
async def visit(request, workspace):
    token, contact = secrets.token_urlsafe(), {"id": new_id("ctc"), "name": "Visitor"}
    VISITORS[token] = contact
    return JsonResponse({"visitor_key": token, "token": token, "contact": contact, "conversation": None})


async def entries(request, conversation):
    after, limit = int(request.GET.get("after", 0)), int(request.GET.get("limit", 200))
    found = Message.objects.filter(conversation=conversation, seq__gt=after).order_by("seq")[:limit]
    found = [message.entry() async for message in found]
    return JsonResponse({"entries": found, "more": len(found) == limit})


class Line(AsyncWebsocketConsumer):
    visitor = room = None

    async def receive(self, text_data=None, bytes_data=None):
        frame = json.loads(text_data)
        answer = await getattr(self, "do_" + frame["cmd"])(frame)
        await self.send(json.dumps({"type": "reply", "ref": frame["ref"], "ok": answer}))

    async def do_hello(self, frame):
        self.visitor = VISITORS[frame["token"]]
        you = {"as": "contact", "id": self.visitor["id"]}
        return {"is": "welcome", "you": you, "workspace": "wsp_" + "0" * 26, "epoch": "peer", "ping_ms": 25000}

    async def do_join(self, frame):
        self.room = frame["conversation"]
        await self.channel_layer.group_add(self.room, self.channel_name)
        found = Message.objects.filter(conversation=self.room, seq__gt=frame["after"]).order_by("seq")
        joined = [message.entry() async for message in found]
        says = {"epoch": "peer", "resync": False, "entries": joined, "more": False}
        return {"is": "joined", "conversation": self.room, **says}

    async def do_send(self, frame):
        conversation = frame.get("conversation") or new_id("cnv")
        TOPS[conversation] = seq = TOPS.get(conversation, 0) + 1
        message = Message(
            conversation=conversation,
            seq=seq,
            client_id=frame["client_id"],
            actor=self.visitor["id"],
            body=frame["body"],
            at=datetime.now(timezone.utc).isoformat().replace("+00:00", "Z"),
        )
        await database_sync_to_async(message.save)(force_insert=True)
        event = json.dumps({"type": "event", "conversation": conversation, "entry": message.entry()})
        await self.channel_layer.group_send(conversation, {"type": "told", "text": event})
        return {"is": "posted", "conversation": conversation, "seq": seq, "duplicate": False}

    async def told(self, event):
        await self.send(event["text"])

    async def disconnect(self, code):
        if self.room:
            await self.channel_layer.group_discard(self.room, self.channel_name)


urlpatterns = [
    path("readyz", ready),
    path("v1/widget/<workspace>/sessions", visit),
    path("v1/conversations/<conversation>/entries", entries),
]
application = ProtocolTypeRouter(
    {"http": get_asgi_application(), "websocket": URLRouter([path("v1/socket", Line.as_asgi())])}
)

if __name__ == "__main__":
    import uvicorn

    with connection.schema_editor() as editor:
        if Message._meta.db_table not in connection.introspection.table_names():
            editor.create_model(Message)
    asyncio.run(uvicorn.Server(uvicorn.Config(application, port=PORT, log_level="error", backlog=4096)).serve())
