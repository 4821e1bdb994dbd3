"""The two paths. The order of their stages is the security property of this library.

    WRITE  admit -> scrub -> embed -> protect -> seal -> intent and audit -> put -> read back -> confirm
    READ   admit -> watch -> scrub the query -> embed -> scope -> rank -> authenticate -> release (restore, audit)

Nothing is embedded before it is scrubbed, nothing is put that is not masked and sealed, nothing is put before it is
written down, and nothing is handed out that is not authenticated and in scope. Each stage takes the frozen type that
only its predecessor makes. A path is a generator: it yields store requests and is sent the answers (`vecguard.flow`).
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Self

from vecguard import config
from vecguard.access import Access
from vecguard.admission import admit, admit_ask, against
from vecguard.aim import Aim
from vecguard.cleaning import Cleaning, scrubber_for
from vecguard.contention import PATIENCE_S, begins_again
from vecguard.embedding import Embedding
from vecguard.entry import Entry
from vecguard.errors import PolicyError
from vecguard.evidence.anchors import Keep
from vecguard.flow import Flow
from vecguard.frameless import frameless_class
from vecguard.held import Held, checked_texts, compared
from vecguard.keyplace import refuse_in_store
from vecguard.keys import Keyring
from vecguard.operations import Operations
from vecguard.policy import Policy
from vecguard.ports import Embedder, Fetch, Scrubber, Traits
from vecguard.principal import Acting, Principal, ambient
from vecguard.protect.mechanism import mechanism
from vecguard.ranking.best import Ranked
from vecguard.ranking.exact import Unmasking
from vecguard.ranking.guard import OwnerRanking
from vecguard.records import Answer, Ask, Draft, Receipt, RecordId
from vecguard.release import Release
from vecguard.retention import RetentionSchedule
from vecguard.retrieval import Retrieval
from vecguard.rules import Authorizer, Grant, RuleBook
from vecguard.scrubbed_embeddings import CleanVectors, ScrubbedEmbeddings
from vecguard.sealing import Sealer
from vecguard.settling import carry_out, settle
from vecguard.shelf import Shelf
from vecguard.state import State
from vecguard.state.clock import Clock
from vecguard.state.intents import Overtaken
from vecguard.watch.canary import Canaries
from vecguard.watch.limits import Limits
from vecguard.watch.reading import SharedReads
from vecguard.watch.settings import Settings
from vecguard.watch.watch import Directory, Watch


@frameless_class
class Guard(Operations):
    """A policy, keys, state and an embedder, ready to stand before any number of stores.

    `state` is `":memory:"` or a SQLAlchemy URL. `embedder` maps a sequence of texts to a float32 array (n, d). A
    `scrubber` of the caller's own (a `PresidioScrubber` with more recognisers or operators, or anything with its two
    methods) stands in for the one that the policy asks for. `rules` hold beside those of the state (`guard.rules`), and
    an `authorizer` decides instead of both. A `directory` says which principals exist: those it does not know share one
    budget for reads of others' rows. An `anchor` is handed ends of the audit chain, to keep where nobody who can change
    the state does (`vecguard.evidence.anchors`). Raises `PolicyError`, `KeyringError`, `WrongKey` or
    `StateError` rather than start half-way.
    """

    def __init__(
        self,
        policy: Policy,
        *,
        keys: Keyring,
        state: str,
        embedder: Embedder | Callable[..., Any] | None = None,
        scrubber: Scrubber | None = None,
        rules: Sequence[Grant] = (),
        authorizer: Authorizer | None = None,
        directory: Directory | None = None,
        anchor: Keep | None = None,
    ) -> None:
        config.check(policy, keys, state)
        self.policy = policy
        self._keys = keys
        self.state = State(state, keys, anchor)
        self.embedding = Embedding(embedder, self.state.embedder_id)
        self.exposure_permitted = False
        self.clock = Clock(self.state.database)
        self.rules = RuleBook(self.state, rules, vouched=policy.members == "vouched", clock=self.clock)
        settings = Settings(**policy.budgets.model_dump())
        self.watch = Watch(settings, self.state.database, self.state.names, directory=directory)
        self.entry = Entry(self.state, Access(self.rules, authorizer, policy, self.watch.denied), policy)
        self.canaries = Canaries(self.state, self.entry)
        self._shared = SharedReads(self.watch, self.canaries)
        self.retention = RetentionSchedule(self.state, policy.retention)
        self.patience_s = PATIENCE_S
        self._made_here = CleanVectors()
        self._cleaning = Cleaning(scrubber or scrubber_for(policy), policy, self._made_here, self.state.originals)
        self._protector = mechanism(policy.vectors)
        self._limits = Limits(policy.reads.max_results)
        in_store, learn = policy.vectors.ranking == "store", self.watch.learn
        self._unmasked = Unmasking(self._protector, blur=policy.blur, in_store=in_store, learn=learn)
        self.owners = OwnerRanking(policy, self._unmasked, self.state.acknowledged, self.watch.amiss, self.clock)
        self._retrieval = Retrieval(
            policy,
            self._cleaning,
            self._protector,
            self._unmasked,
            self.owners,
            self.retention.may_expire,
            self.clock,
        )
        self._aim = Aim(self._cleaning, self._unmasked, self.clock)
        self._release = Release(policy, self.state)

    # ------------------------------------------------------------------------------------------------- the paths

    @begins_again
    def write(self, draft: Draft, shelf: Shelf, acting: Acting, embedding: Embedding) -> Flow[Receipt | Overtaken]:
        """Carry a draft to the shelf."""
        view = yield from self.entry.to_write(shelf, acting)
        admitted = admit(draft, view.space, shelf.dimension)
        held = Held.of((yield Fetch(admitted.backend_ids)), view)
        admitted = against(admitted, held.alive(now := self.clock()))
        expiries = self.retention.expiries(admitted, view, now)
        scrubbed = self._cleaning.scrub(admitted, view.space, can_embed=embedding.available)
        protected = self._protector.protect(embedding.embed(scrubbed, shelf.dimension), view.space)
        sealed = shelf.sealer.seal(protected, view.space, held.rows, expiries, held.genuine)
        if sealed.rows:
            if not (yield from self.entry.marked(view, sealed.dimension)):
                return Overtaken()
            begun = self.state.begin(sealed, view.space, self._audited(acting), view.epoch)
            done = yield from carry_out(self.state, shelf, begun, view.uid)
            if isinstance(done, Overtaken):
                return done
            self.owners.written(done, view)
        return sealed.receipt(admitted.backend_ids)

    def read(self, ask: Ask, shelf: Shelf, acting: Acting, embedding: Embedding) -> Flow[Answer]:
        """List or rank the records in scope."""
        ask = admit_ask(ask)
        self._limits.admit(acting, ask.limit, 0 if ask.query is None else 1)
        view = yield from (self.entry.to_own if ask.own else self.entry.to_read)(shelf, acting)
        queries = None if ask.query is None else (yield from self._aim(ask.query, view, shelf, embedding))
        if view is None:
            return Answer(((),) * (1 if queries is None else len(queries)))
        watched = self._shared.enter(view, queries)
        scoped = self._retrieval.scope(ask, watched.view, queries)
        if queries is None:
            listed = yield from self._retrieval.listed(scoped, watched.view)
            groups = [[Ranked(each) for each in listed]]
        else:
            groups = yield from self._retrieval.rank(scoped, watched.view)
        groups = self._shared.deliver(groups, watched)
        return self._release.answer(groups, watched.view, texts=ask.restore)

    def count(self, ask: Ask, shelf: Shelf, acting: Acting) -> Flow[int]:
        """Count the acting owner's records; those that others share are not counted."""
        view = yield from self.entry.to_own(shelf, acting)
        if view is None:
            return 0
        return (yield from self._retrieval.count(self._retrieval.scope(admit_ask(ask), view, None), view))

    @begins_again
    def forget(self, ask: Ask, shelf: Shelf, acting: Acting) -> Flow[int | Overtaken]:
        """Delete the acting owner's records that an ask describes; return how many there were."""
        view = yield from self.entry.to_own(shelf, acting, changing=True)
        if view is None:
            return 0
        own = yield from self._retrieval.listed(self._retrieval.scope(admit_ask(ask), view, None), view)
        if own:
            begun = self.state.begin_drop(own, view.space, self._audited(acting), view.epoch)
            done = yield from carry_out(self.state, shelf, begun, view.uid)
            if isinstance(done, Overtaken):
                return done
            self.owners.written(done, view)
        return len(own)

    def verify(self, ids: Sequence[RecordId], texts: Sequence[str], shelf: Shelf, acting: Acting) -> Flow[list[bool]]:
        """Say of each of the acting owner's records whether this is exactly the text that was written to it.

        That is the text before it was scrubbed, of which nothing is kept but a digest under the owner's key. A record
        that does not exist answers False.
        """
        checked_texts(ids, texts)
        view = yield from self.entry.to_own(shelf, acting)
        return [False] * len(ids) if view is None else (yield from compared(ids, texts, view, self.clock))

    def deserted(self, shelf: Shelf) -> Flow[bool]:
        """Whether a collection holds nothing but our marker, so that deleting it takes nobody's records."""
        return (yield from self.entry.deserted(shelf))

    def settle(self, shelf: Shelf) -> Flow[int]:
        """Carry out every write and delete of a collection that was begun and not confirmed; return how many."""
        collection = yield from self.entry.recognise(shelf, settling=False)
        return 0 if collection is None else (yield from settle(self.state, shelf, collection))

    # ------------------------------------------------------------------------------------------------- their parts

    def _audited(self, acting: Acting) -> Acting | None:
        return acting if self.policy.audit.writes else None

    # ------------------------------------------------------------------------------------------------- around them

    def shelf(self, traits: Traits, legacy: str = "refuse") -> Shelf:
        """Prepare for one collection. An exposing policy is refused for a store that outlives the process.

        So is a key file in the store's folder.
        """
        if legacy not in ("refuse", "ignore"):
            raise PolicyError('legacy is "refuse" or "ignore"')
        if self.policy.exposed and traits.persistent and not self.exposure_permitted:
            raise PolicyError(
                "this policy leaves vectors or metadata readable in a store that outlives the process; "
                "vecguard.hazmat.permit_exposed_store(guard, reason=...) permits it"
            )
        refuse_in_store(self._keys, traits.folder)
        if self.policy.texts == "clear" and traits.persistent:
            warnings.warn(
                "texts lie in clear beside their vectors: each is a known pair for a thief of the store", stacklevel=5
            )
        return Shelf(traits, Sealer(self.policy, traits), legacy)

    def embedding_for(self, native: Callable[..., Any] | None) -> Embedding:
        """Return the guard's embedder or, where it has none, the collection's own."""
        if self.embedding.available or native is None:
            return self.embedding
        return Embedding(native, self.state.embedder_id)

    def embeddings(
        self, inner: Any, principal: Principal | str | None = None, owner: str | None = None
    ) -> ScrubbedEmbeddings:
        """Wrap an embedding object so that it scrubs before it embeds: its provider never sees personal data.

        Accepts a callable, and objects with `embed_documents`/`embed_query` (LangChain), `encode`
        (sentence-transformers) or `__call__(input=...)` (Chroma). The guard recognises the vectors that come from it:
        a framework may hand them over with the raw text, and nothing is embedded twice. Surrogates and tokens are those
        of whoever acts (this `principal`, or by context); if nobody does, kinds such as `<PERSON>` are embedded.
        """
        return ScrubbedEmbeddings(inner, lambda texts: self.scrubbed(texts, principal, owner), self._made_here)

    def scrubbed(
        self, texts: Sequence[str], principal: Principal | str | None = None, owner: str | None = None
    ) -> list[str]:
        """Return what an embedder sees of texts when somebody acts: this principal, or whoever acts by context."""
        who = ambient() if principal is None else Acting.of(principal, owner)
        named = who is not None and self.policy.scrub.embed != "kind"
        space = self.state.owner(who.owner) if who is not None and named else None
        return [each.embedded for each in self._cleaning.texts(list(texts), space)]

    @classmethod
    def from_toml(cls, path: str | Path) -> Self:
        """Build a guard from a TOML file; see the README for one. Unknown names raise `PolicyError`."""
        return cls(**config.from_toml(path))

    def close(self) -> None:
        """Keep a last anchor, if anchors are kept, and close the state database."""
        self.state.close()

    def __repr__(self) -> str:
        return f"<Guard {self.policy.fingerprint} on {self.state!r}>"
