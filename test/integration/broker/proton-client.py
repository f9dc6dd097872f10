#!/usr/bin/python3
"""A client of another family (Apache Qpid Proton) on the embedded broker: prints what it saw as JSON. Argument: the port."""

import json
import sys
import uuid

from proton import Delivery, Message, Terminus, symbol, timestamp, ulong
from proton.reactor import AtLeastOnce, LinkOption
from proton.utils import BlockingConnection, LinkDetached

QUEUE = "work"
TIMEOUT = 10
ID = uuid.UUID("00112233-4455-6677-8899-aabbccddeeff")


class Coordinator(LinkOption):
    """Asks for a transaction: the target is the coordinator, not a queue."""

    def apply(self, link):
        link.target.type = Terminus.COORDINATOR


def settled(receiver, outcome, **changes):
    """Receives one message, ends it with `outcome`, and answers it."""
    message = receiver.receive(timeout=TIMEOUT)
    delivery = receiver.fetcher.unsettled[0]
    for name, value in changes.items():
        setattr(delivery.local, name, value)
    receiver.settle(outcome)
    return message


def sent(sender, **fields):
    return sender.send(Message(**fields), timeout=TIMEOUT).remote_state == Delivery.ACCEPTED


def refusal(connection, create):
    try:
        create()
        connection.wait(lambda: False, timeout=TIMEOUT)  # an attach comes first, its end may follow in a frame of its own
    except LinkDetached as error:
        return {"condition": error.condition, "text": str(error)}
    return None


def main():
    connection = BlockingConnection(f"amqp://127.0.0.1:{sys.argv[1]}", timeout=TIMEOUT, allowed_mechs="ANONYMOUS")
    sender = connection.create_sender(QUEUE)
    properties = {"text": "ä", "int": -5, "ulong": ulong(7), "time": timestamp(1_700_000_000_000), "uuid": ID, "no": None}
    seen = {"accepted": sent(sender, id="m1", subject="s", body=b"bytes", properties=properties, durable=True)}

    receiver = connection.create_receiver(QUEUE, credit=1, options=AtLeastOnce())
    first = settled(receiver, Delivery.RELEASED)
    seen["first"] = {
        "id": first.id,
        "subject": first.subject,
        "body": bytes(first.body).decode(),
        "properties": {name: [type(value).__name__, str(value)] for name, value in first.properties.items()},
        "annotations": {str(name): type(value).__name__ for name, value in first.annotations.items()},
        "symbols": all(isinstance(name, symbol) for name in first.annotations),
        "count": first.delivery_count,
    }
    seen["afterReleased"] = settled(receiver, Delivery.MODIFIED, failed=True).delivery_count
    seen["afterModified"] = settled(receiver, Delivery.REJECTED).delivery_count

    dead = connection.create_receiver(f"{QUEUE}/$deadletterqueue", credit=1)
    seen["dead"] = settled(dead, Delivery.ACCEPTED).id
    seen["acceptedBody"] = [sent(sender, id="m2", body={"a": [1, 2.5, "x"]}), settled(receiver, Delivery.ACCEPTED).body]
    seen["unknown"] = refusal(connection, lambda: connection.create_sender("nowhere"))
    seen["transaction"] = refusal(connection, lambda: connection.create_sender(None, options=Coordinator()))
    connection.close()
    print(json.dumps(seen))


main()
