"""Names to log in with, and what proves that one may."""

from __future__ import annotations

import re

from vecguard.scrub.recognisers.rules import CERTAIN, LIKELY, PLAUSIBLE, Form, Rule, any_of

_JOIN = r"[\s_-]{0,2}"
_USER_WORD = (
    rf"(?<![^\W_])(?:user{_JOIN}(?:name|id|handle|login)s?|user|login(?:{_JOIN}(?:name|id))?|"
    rf"log{_JOIN}in(?:{_JOIN}(?:name|id))?|uid|"
    rf"screen{_JOIN}name|nick{_JOIN}name|handle|account{_JOIN}name|gamer{_JOIN}tag|alias|"
    rf"(?:(?:twitter|instagram|github|gitlab|telegram|skype|discord|reddit|tiktok|snapchat|slack|facebook|"
    rf"linkedin|x|ig|insta)"
    rf"(?:{_JOIN}(?:handle|user(?:name)?|id|account|profile|name))?))(?![^\W_])"
)
_USER = r"@?[^\W_][\w.-]{1,38}\w(?:#\d{4})?(?![\w@])"
_SAYS = r"(?:\s?[:=]\s?|\s(?:is|was|=|as|of|named|called|set to|:)\s{1,2}|\s)[\"'`(<]?"
_SOCIAL = r"(?:twitter|instagram|github|gitlab|telegram|skype|discord|reddit|tiktok|snapchat|slack|facebook|linkedin)"
_LOGIN_NAME = (
    rf"(?<![^\W_])(?:user{_JOIN}(?:name|id|handle|login)|login(?:{_JOIN}(?:name|id))?|screen{_JOIN}name|"
    rf"nick{_JOIN}name|"
    rf"account{_JOIN}name|gamer{_JOIN}tag|{_SOCIAL}{_JOIN}(?:handle|account|id|profile))(?![^\W_])"
)
_WORDS_BETWEEN = r"(?:,?\s[a-z'-]{1,20}){0,6}?[,:]?\s[\"'`(]?"
_USER_SAID = rf"{_LOGIN_NAME}{_WORDS_BETWEEN}(?P<value>(?=[a-z.-]{{0,30}}[\d_@]){_USER})"
_LOGGED_IN = (
    rf"(?<![\w-])(?:logged|logs|log|logging|signed|signs|sign|registered|posts|posted|posting|tweets|goes|"
    rf"online)\s(?:in\s|on\s|up\s|by\s|online\s)?(?:as|under|from|by)\s(?:the\s)?(?:user\s|name\s|handle\s|"
    rf"username\s)?[\"'`]?(?P<value>{_USER})"
)
_HANDLE = r"(?<![\w.@/+-])@(?P<value>[a-z_][\w.]{1,28}\w)(?![\w@]|\.\w)"
_HOME = r"(?:/home/|/users/|\\users\\|\\documents and settings\\)(?P<value>[^\W_][\w.-]{1,38})(?=[/\\\s\"':;,)]|$)"
_DOMAIN_USER = r"(?<![\w\\/:.-])[A-Z][A-Z0-9-]{1,14}\\(?![nrt][A-Z])(?P<value>[a-z][\w.-]{2,38})(?![\w\\])"

_SECRET_WORD = (
    rf"(?<![^\W_])(?:(?:[a-z0-9]{{1,16}}[_-]){{0,3}}(?:pass{_JOIN}(?:word|wd|phrase|code)s?|pwd|pswd|"
    rf"passwd|psw|pw|pin(?:{_JOIN}(?:code|number|no))?|"
    rf"secret(?:{_JOIN}(?:key|token|access{_JOIN}key))?|api{_JOIN}(?:key|token|secret)|access{_JOIN}(?:key|"
    rf"token|code)|auth(?:orization)?{_JOIN}(?:token|key|code)|"
    rf"client{_JOIN}secret|(?:private|encryption|license|security|signing|shared|master|session|recovery|"
    rf"activation){_JOIN}(?:key|code|token)|bearer(?:{_JOIN}token)?|"
    rf"token|credentials?|cvv2?|cvc2?|cvn|otp|one{_JOIN}time{_JOIN}(?:code|password|passcode)|"
    rf"verification{_JOIN}code|door{_JOIN}code|gate{_JOIN}code|alarm{_JOIN}code))(?![^\W_])"
)
_OPAQUE = r"[^\s\"'`,;<>]{2,200}[^\s\"'`,;<>.:)}\]]"
_SECRET_ASSIGNED = rf"{_SECRET_WORD}[\"']?\s{{0,2}}(?:[:=]|:=|=>|->)\s{{0,2}}[\"'`]?(?P<value>{_OPAQUE})"
_SECRET_SAID = (
    rf"{_SECRET_WORD}\s(?:is|was|are|to)(?:\s(?:now|still|currently|just|"
    rf"simply))?:?\s[\"'`]?(?P<value>{_OPAQUE})"
)
_SECRET_NEAR = rf"{_SECRET_WORD}{_WORDS_BETWEEN}(?P<value>(?=[^\s\d]{{0,40}}\d)(?=[^\sa-z]{{0,40}}[a-z]){_OPAQUE})"
_SECRET_IN_TABLE = rf"{_SECRET_WORD}[ \t]{{0,3}}(?:[|\t]|-[ \t])[ \t]{{0,3}}[\"'`]?(?P<value>{_OPAQUE})"
_SECRET_BESIDE = rf"{_SECRET_WORD}\s(?:\(|[\"'`])?(?P<value>{_OPAQUE})"
_QUOTED = rf"{_SECRET_WORD}[^\"'`\n]{{0,24}}[\"`](?P<value>[^\s\"`]{{4,200}})[\"`]"
_IN_URL = r"://[^\s/:@]{1,64}:(?P<value>[^\s/@]{1,100})@"

_KNOWN = (
    r"(?<![a-zA-Z0-9_-])(?:(?:AKIA|ASIA|AROA|AIDA|ABIA|ACCA)[A-Z0-9]{16}|gh[oprsu]_[A-Za-z0-9]{30,255}|"
    r"github_pat_[A-Za-z0-9_]{22,255}|"
    r"glpat-[\w-]{20,64}|sk-(?:[a-z]{2,8}-)?[\w-]{16,200}|(?:sk|pk|rk)_(?:live|test)_[A-Za-z0-9]{10,100}|"
    r"xox[abeoprs]-[A-Za-z0-9-]{10,200}|"
    r"xapp-[A-Za-z0-9-]{10,200}|AIza[\w-]{30,45}|ya29\.[\w-]{20,300}|npm_[A-Za-z0-9]{30,64}|"
    r"pypi-AgE[\w-]{20,300}|hf_[A-Za-z0-9]{25,64}|"
    r"SG\.[\w-]{16,32}\.[\w-]{16,64}|do[opr]_v1_[a-f0-9]{32,80}|shp(?:at|ca|pa|ss)_[a-fA-F0-9]{32}|"
    r"AC[a-f0-9]{32}|SK[a-f0-9]{32}|key-[a-f0-9]{32}|"
    r"sq0[a-z]{3}-[\w-]{22,60}|EAA[A-Za-z0-9]{30,250}|[0-9]{8,10}:AA[\w-]{32,34}|hvs\.[\w-]{20,120}|"
    r"dapi[a-f0-9]{32}|AGE-SECRET-KEY-1[A-Z0-9]{40,70})(?![a-zA-Z0-9_-])"
)
_JWT = r"(?<![\w.-])eyJ[\w-]{8,2000}\.[\w-]{8,3000}(?:\.[\w-]{0,1000})?(?![\w-])"
_PEM = (
    r"-----BEGIN [A-Z ]{0,30}PRIVATE KEY(?: BLOCK)?-----(?:[\s\S]{0,3900}?-----END [A-Z ]{0,30}PRIVATE "
    r"KEY(?: BLOCK)?-----|[A-Za-z0-9+/=\s]{0,3900})"
)

_NO_NAMES = frozenset(
    any_of(
        "name, names, and, or, the, a, an, is, was, are, were, to, for, of, in, on, at, by, with, field, "
        "fields, must, should, can, may, will, not, no, id, ids, required, invalid, valid, empty, unknown, "
        "missing, here, there, none, null, true, false, has, have, had, who, that, this, which, from, into, "
        "it, as, be, been, does, did, do, password, email, e-mail, account, accounts, case, interface, "
        "experience, input, data, group, groups, guide, manual, page, pages, profile, profiles, posts, post, "
        "study, studies, error, errors, friendly, feedback, based, public, shared, default, guest, screen, "
        "handle, login, logging, button, form, attempts, session, details, access, name., i, we, he, she, "
        "they, you, my, your, our, their, his, her"
    )
)
_NO_SECRETS = _NO_NAMES | frozenset(
    any_of(
        "reset, policy, policies, manager, protected, protection, change, changed, changes, strength, hash, "
        "hashes, hashing, hashed, rotation, stored, encrypted, compromised, weak, strong, secret, correct, "
        "incorrect, wrong, expired, hidden, lost, forgotten, needed, sent, shared, set, used, very, too, "
        "always, never, now, also, only, more, less, being, number, numbers, length, code, codes, key, keys, "
        "token, tokens, vault, service, authentication, management, prompt, box, available, given, generated,"
        " created, provided, leaked, stolen, written, known, simple, secure, based, pair, pairs, type, types,"
        " value, values, count, counts, level, levels, embedding, embeddings, limit, limits, per, sequence, "
        "ring, sentence, classification, garden, agent, agents, ingredient, santa, life, society, police, "
        "services"
    )
)


def _account(value: str) -> bool:
    """Refuse words of the language; a name in "the username is jdoe" can be any other."""
    return value.strip("@.").lower() not in _NO_NAMES and not value.isdigit()


def _unlike_a_word(value: str) -> bool:
    """Say whether a name has what words of prose do not: a digit, an underscore, an inner point or capital, an @."""
    return _account(value) and (
        value[0] == "@"
        or any(map(str.isdigit, value))
        or "_" in value
        or re.search(r"[a-z][.A-Z][a-zA-Z]", value) is not None
    )


def _assigned(value: str) -> bool:
    return value.rstrip(".)").lower() not in _NO_SECRETS


def _mixed(value: str) -> bool:
    """Say whether a string is no word with a number: it has a sign within, or small letters, capitals and digits."""
    bare = value.rstrip(".!?):")
    inner = any(map(str.isupper, bare[1:])) and any(map(str.islower, bare))
    return len(value) > 5 and (
        inner or re.search(r"[^\w'/.,:-]", value) is not None or re.search(r"-\d{2,}-", value) is not None
    )


def _guessable(value: str) -> bool:
    """Say whether a value of prose is a secret: it mixes letters with digits or signs, or is all digits."""
    bare = value.rstrip(".!?):")
    if bare.lower() in _NO_SECRETS or len(bare) < 3:
        return False
    kinds = (
        any(map(str.islower, bare)),
        any(map(str.isupper, bare[1:])),
        any(map(str.isdigit, bare)),
        re.search(r"[^\w'/.-]|[a-z0-9][-_!@#$%^&*][a-z0-9]*\d", bare),
    )
    return bare.isdigit() or sum(map(bool, kinds)) > 1


_USER_HEADS = any_of(
    "user, login, log in, log-in, log_in, uid, screen, nick, handle, account, gamer, alias, twitter, "
    "instagram, github, gitlab, telegram, skype, discord, reddit, tiktok, snapchat, slack, facebook, "
    "linkedin, insta"
)
_SECRET_HEADS = any_of(
    "pass, pwd, pswd, psw, pw, pin, secret, key, token, auth, bearer, credential, cvv, cvc, cvn, otp, code"
)

RULES: tuple[Rule, ...] = (
    Form(
        "USERNAME",
        "name behind 'username:'",
        rf"{_USER_WORD}[\"']?[ \t]{{0,3}}(?:[:=|\t]|-[ \t])[ \t]{{0,3}}[\"'`]?(?P<value>{_USER})",
        LIKELY,
        words=_USER_HEADS,
        check=_account,
    ),
    Form("USERNAME", "name behind 'username is'", _USER_SAID, PLAUSIBLE, words=_USER_HEADS, check=_unlike_a_word),
    Form(
        "USERNAME",
        "name behind 'username'",
        rf"{_LOGIN_NAME}\s(?:is|was|called|named)\s[\"'`]?(?P<value>{_USER})",
        PLAUSIBLE,
        words=_USER_HEADS,
        check=_account,
    ),
    Form(
        "USERNAME",
        "name behind 'logged in as'",
        _LOGGED_IN,
        PLAUSIBLE,
        words=any_of(" as ,  under ,  by ,  from "),
        check=_unlike_a_word,
    ),
    Form(
        "USERNAME",
        "name behind 'user'",
        rf"(?<![^\W_])user\s[\"'`]?(?P<value>(?=[a-z._-]{{0,30}}[\d_]){_USER})",
        PLAUSIBLE,
        words=("user",),
        check=_unlike_a_word,
    ),
    Form(
        "USERNAME",
        "name behind 'as user'",
        rf"\b(?:as|for|by|with) (?:the )?(?:user|login) [\"'`]?(?P<value>{_USER})",
        PLAUSIBLE,
        words=("user", "login"),
        check=_account,
    ),
    Form("USERNAME", "@handle", _HANDLE, PLAUSIBLE, words=("@",)),
    Form("USERNAME", "home folder", _HOME, LIKELY, words=("/home/", "users", "documents and"), check=_account),
    Form("USERNAME", "DOMAIN\\user", _DOMAIN_USER, PLAUSIBLE, words=("\\",), as_written=True),
    Form(
        "SECRET",
        "prefix of a known service",
        _KNOWN,
        CERTAIN,
        as_written=True,
        words=any_of(
            "akia, asia, aroa, aida, abia, acca, gh, glpat, sk, pk_, rk_, xox, xapp, aiza, ya29, npm_, pypi-, "
            "hf_, sg., _v1_, shp, ac, key-, sq0, eaa, :aa, hvs., dapi"
        ),
    ),
    Form("SECRET", "JSON web token", _JWT, CERTAIN, words=("eyj",), as_written=True),
    Form("SECRET", "private key", _PEM, CERTAIN, words=("-----begin",), as_written=True),
    Form("SECRET", "password in a URL", _IN_URL, 0.9, words=("://",)),
    Form("SECRET", "value behind 'password:'", _SECRET_ASSIGNED, 0.85, words=_SECRET_HEADS, check=_assigned),
    Form(
        "SECRET", "value in a table beside 'password'", _SECRET_IN_TABLE, LIKELY, words=_SECRET_HEADS, check=_guessable
    ),
    Form(
        "SECRET", "letters with digits in a sentence with 'password'", _SECRET_NEAR, PLAUSIBLE, 1, _SECRET_HEADS, _mixed
    ),
    Form("SECRET", "value behind 'password is'", _SECRET_SAID, LIKELY, words=_SECRET_HEADS, check=_guessable),
    Form("SECRET", "value in quotation marks behind 'password'", _QUOTED, LIKELY, words=_SECRET_HEADS, check=_assigned),
    Form("SECRET", "value behind 'password'", _SECRET_BESIDE, PLAUSIBLE, words=_SECRET_HEADS, check=_guessable),
)
