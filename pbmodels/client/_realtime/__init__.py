"""Realtime: one connection that is kept, renewed and caught up with, shared by everyone who watches.

From the bottom up:

    stream.py     the bytes of a connection become events                                     no I/O
    topics.py     what is listened to, as the server wants it written                         no I/O
    pacing.py     limits, pauses, when a connection is due to be renewed                      no I/O
    handover.py   two connections carry the same events: each is delivered once               no I/O
    versions.py   what was delivered of which record, so that no older state follows a newer  no I/O
    catchup.py    which requests bring back what a break has lost                             no I/O
    inbox.py      the bounded buffer between the connection and one watcher
    link.py       one connection
    channel.py    a set of topics that stays subscribed, over one connection after another
    hub.py        the channels of one client, in one event loop
    portals.py    reaching the hub: a background thread for sync code, the running loop for async code

The sync and the async client share all of it: a sync client's hub runs in an event loop in a daemon thread.
"""
