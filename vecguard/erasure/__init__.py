"""Erasure: what is deleted is overwritten, compacted away and looked for, and a signed receipt says what was seen.

`vecguard.Guard.erase`, `aerase` and `purge` are the way in; the order of the steps is in `vecguard.erasure.erasing`.
"""

from vecguard.erasure.drivers import aerase, erase
from vecguard.erasure.orders import Expired, OfOwner
from vecguard.erasure.receipt import ErasureReceipt

__all__ = ["ErasureReceipt", "Expired", "OfOwner", "aerase", "erase"]
