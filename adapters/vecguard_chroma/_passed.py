"""What collections and clients say of themselves and of no record: the same names on both sides, passed on."""

from __future__ import annotations

from vecguard.facade import Guarded, Passed


class PassedCollection(Guarded):
    """The plain names of a collection: properties on both sides."""

    __slots__ = ()

    configuration = Passed("configuration")
    configuration_json = Passed("configuration_json")
    database = Passed("database")
    id = Passed("id")
    metadata = Passed("metadata")
    name = Passed("name")
    schema = Passed("schema")
    tenant = Passed("tenant")


class PassedClient(Guarded):
    """The plain names of a client: `database` and `tenant` are attributes, the others are awaited where it is."""

    __slots__ = ()

    count_collections = Passed("count_collections")
    database = Passed("database")
    get_max_batch_size = Passed("get_max_batch_size")
    get_version = Passed("get_version")
    heartbeat = Passed("heartbeat")
    tenant = Passed("tenant")
