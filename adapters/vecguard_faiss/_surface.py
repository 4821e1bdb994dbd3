"""Every public name of the guarded FAISS classes, decided. A test fails on a name that is missing here.

Knobs (`hnsw.efSearch`, `verbose`) are set on the template before it is wrapped: every owner's index is a copy of it.
"""

from __future__ import annotations

import faiss

from vecguard.surface import ALLOWED, GUARDED, Decision, Denied, Surface

_VECTORS = Denied("it hands out stored vectors")
_CODES = Denied("it hands out or takes in stored codes, which are the vectors", "use add() and search()")
_INSIDE = Denied("it leads to the native index behind the guard", "set its knobs on the template before wrapping")
_BARE = Denied("it is the C++ call below the guarded one", "use add(), search() and remove_ids()")
_GRAPH = Denied("it works on the graph of the native index", "build the template before wrapping")
_SWIG = Denied("SWIG unwraps it: every function of faiss would then take this object for the native one")

_COMMON: dict[str, Decision] = {
    "add": GUARDED,
    "add_with_ids": GUARDED,
    "ntotal": GUARDED,
    "remove_ids": GUARDED,
    "reset": GUARDED,
    "search": GUARDED,
    "d": ALLOWED,
    "is_trained": ALLOWED,
    "metric_arg": ALLOWED,
    "metric_type": ALLOWED,
    "sa_code_size": ALLOWED,
    "verbose": ALLOWED,
    "add_c": _BARE,
    "add_ex": _BARE,
    "add_sa_codes": _CODES,
    "add_sa_codes_c": _BARE,
    "add_with_ids_c": _BARE,
    "add_with_ids_ex": _BARE,
    "assign": Denied("it is search() without distances", "use search(x, k)[1]"),
    "assign_c": _BARE,
    "check_compatible_for_merge": Denied("it belongs to merge_from"),
    "compute_residual": _VECTORS,
    "compute_residual_n": _VECTORS,
    "get_distance_computer": _INSIDE,
    "merge_from": Denied("it moves vectors between indexes without masking them", "use add()"),
    "range_search": Denied("it is not guarded yet", "use search() and cut by distance"),
    "range_search_c": _BARE,
    "reconstruct": _VECTORS,
    "reconstruct_batch": _VECTORS,
    "reconstruct_batch_c": _BARE,
    "reconstruct_c": _BARE,
    "reconstruct_n": _VECTORS,
    "reconstruct_n_c": _BARE,
    "referenced_objects": _INSIDE,
    "remove_ids_c": _BARE,
    "sa_decode": _CODES,
    "sa_decode_c": _BARE,
    "sa_encode": _CODES,
    "sa_encode_c": _BARE,
    "search1": _BARE,
    "search_and_reconstruct": Denied("it hands out stored vectors", "use search()"),
    "search_and_reconstruct_c": _BARE,
    "search_c": _BARE,
    "search_ex": _BARE,
    "search_subset": _BARE,
    "this": _SWIG,
    "thisown": _SWIG,
    "train": Denied("the guarded types need no training"),
    "train_c": _BARE,
    "train_ex": _BARE,
    "train_with_queries": Denied("the guarded types need no training"),
}

_FLAT: dict[str, Decision] = {
    "code_size": ALLOWED,
    "cached_l2norms": _VECTORS,
    "clear_l2norms": _INSIDE,
    "codes": _CODES,
    "compute_distance_subset": _INSIDE,
    "get_CodePacker": _CODES,
    "get_FlatCodesDistanceComputer": _INSIDE,
    "get_xb": _VECTORS,
    "permute_entries": Denied("it moves every owner's rows to other positions"),
    "permute_entries_c": _BARE,
    "sync_l2norms": _INSIDE,
}

_HNSW: dict[str, Decision] = {
    "hnsw": _INSIDE,
    "init_level0": _GRAPH,
    "init_level_0_from_entry_points": _GRAPH,
    "init_level_0_from_knngraph": _GRAPH,
    "keep_max_size_level0": _GRAPH,
    "link_singletons": _GRAPH,
    "own_fields": _INSIDE,
    "reorder_links": _GRAPH,
    "search_level_0": _GRAPH,
    "shrink_level_0_neighbors": _GRAPH,
    "storage": _INSIDE,
    "use_visited_hashset": _GRAPH,
}

_MAPPED: dict[str, Decision] = {
    "check_consistency": _INSIDE,
    "construct_rev_map": _INSIDE,
    "id_map": Denied("it lists the ids of every owner"),
    "index": _INSIDE,
    "own_fields": _INSIDE,
    "rev_map": Denied("it lists the ids of every owner"),
}

INDEX = Surface("Index", faiss.Index, {**_COMMON, **_FLAT, **_HNSW, **_MAPPED})

COLLECTION_VERBS: dict[str, Decision] = dict.fromkeys(
    ("add", "count", "delete", "get", "open", "query", "save", "upsert"), GUARDED
)
