"""Pseudonyms: what stands for a name in the audit log, and stands for nobody once that name was erased.

Every name that comes into the log, as a principal or as an owner, gets a random key when it first does, wrapped like
any data key. Its pseudonyms are MACs under that key. They stay the same for as long as the key does, so whoever has the
state and the root finds all lines of a name. Erasing an owner deletes the key, and with it the only way from a name to
the lines of that life, for everybody: there is nothing left to test a guess with.

Logs from before there were pseudonyms have digests under the state's lookup key, which never goes. They are still
found, and of them an erasure takes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping

from vecguard.keys import Secret
from vecguard.principal import Acting, Principal
from vecguard.state.keystore import Keys, KeyStore
from vecguard.system import NOWHERE, SystemPrincipal


class Pseudonyms:
    """Makes the pseudonyms of principals and owners, and says under which ones a name may be found.

    A name's key is kept under the digest by which the state knows an owner of that name, whether or not it is one.
    """

    def __init__(self, keystore: KeyStore, lookup: Secret) -> None:
        self._keystore = keystore
        self._lookup = lookup

    def of(self, acting: Acting, keys: Keys) -> tuple[str, str]:
        """Return what stands for the principal and for the owner in a line; a name without a key gets one."""
        if isinstance(acting.principal, SystemPrincipal):
            system = self._system(acting.principal)
            return system, system if acting.owner == NOWHERE else self.of_owner(self._digest(acting.owner), keys)
        who = self._digest(acting.principal.id)
        where = who if acting.owner == acting.principal.id else self._digest(acting.owner)
        return keys.get("pseudonym", who).mac("principal").hex(), self.of_owner(where, keys)

    @staticmethod
    def of_owner(digest: str, keys: Keys) -> str:
        """Return what stands for an owner, by the digest that the state knows it by."""
        return _owner(keys.get("pseudonym", digest))

    # --------------------------------------------------------------------------------------------------- finding them

    def principal(self, name: str) -> frozenset[str]:
        """Return everything that stands for a principal of this name: today's pseudonym, and the digest of old logs."""
        key = self._keystore.find("pseudonym", self._digest(name))
        old = self._lookup.mac("principal", name).hex()
        return frozenset({old} if key is None else {old, key.mac("principal").hex()})

    def owner(self, name: str) -> frozenset[str]:
        """Return the same for an owner. Lines that tell of its erasure have its tombstone's digest, as old ones do."""
        key = self._keystore.find("pseudonym", self._digest(name))
        return frozenset({self._digest(name)} if key is None else {self._digest(name), _owner(key)})

    def system(self, principal: SystemPrincipal) -> frozenset[str]:
        """Return the same for a part of VecGuard. In old logs it is what anybody of that name would be."""
        old = self._lookup.mac("principal", principal.id).hex(), self._digest(principal.id)
        return frozenset({self._system(principal), *old})

    def living(self) -> Mapping[str, str]:
        """Return the owner's pseudonym of everybody who has a key, by the digest that the state knows an owner by."""
        return {digest: _owner(key) for digest, key in self._keystore.all("pseudonym")}

    # ----------------------------------------------------------------------------------------------------------- parts

    def _digest(self, name: str) -> str:
        return self._lookup.mac("owner", name).hex()

    def _system(self, principal: Principal) -> str:
        return self._lookup.mac("system", principal.id).hex()


def _owner(key: Secret) -> str:
    return key.mac("owner").hex()
