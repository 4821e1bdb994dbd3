"""The name lists behind `names.py`: Faker's, which are installed anyway, and what English says about them."""

# ruff: noqa: SIM905 - word lists are read and edited as running text

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cache
from importlib import import_module

WORD = re.compile(r"[^\W\d_]+(?:['\u2019-][^\W\d_]+)*")
_LOCALES = tuple("en_US en_GB en_IE en_IN es_ES es_MX fr_FR de_DE it_IT pt_BR nl_NL sv_SE pl_PL no_NO da_DK".split())

# Names of people that are words or places too, as found in lower case in running text: alone, they prove nothing.
AMBIGUOUS = frozenset(
    """
    africa alba alma amber america angel april arent art asia asp august aura aurea aurora austin autumn back baker
    bal ball banks bass bath bean beard beer berlin best bill bird black blot blue bo bond bones brady branch brands
    bridge bridges bright brook brooks brown browning buck bud burns cal canals candy cant carry carter cas case cases
    cash chambers chance chapel charity chase che chelsea cherry china christian church clark clay clear clement coca
    colas cole colon company constant contractor convey cook cooper cord corona cousin cousins cox cross cruz crystal
    dale dallas date dawn day dean deep del den denver destiny devon diamond dick din doctor doe don dot downs drew
    early eco eden edit else ester eve fair faith fall farmer fee feline fern field fields fisher flavin flood floor
    flora florence flower flowers font forest foster fox franco frank free freely fresh fuller gamble garden garrison
    gene genesis geneva georgia ginger glass glasses gold golden good grace grant grave graves gray green grey gross
    gun guy hall hampton hardy harm harmony hazel heath heather heaven heinz hill holder holly honor hope horn house
    houston hudson hull hunt hunter india iris israel ivy jack jackson jade jasmine jean job jordan joy judge june
    junior junk justice kay kelvin key kidney killer king kline knight kohler lace lake lamb lance land lane lang lara
    laurel law lee lexus liberty lily lima lin lincoln lips little lo london long lot love low lowe lower luna lux
    mack madison major malin man mans marine mark marks marsh mart martin mason master max may me medina melody
    mercado mercedes merchant mercy meta miles miller mills min mir mol moles moon more morin moss my neo new nick
    noble north nova oak olive olympia orlando pace page pages paige palm par parent paris park parker parks pat
    patience pearl peer penny per peri pete philippine phoenix pier pierce pili pine pol polar pole polo pond pons
    poole pope porter post potter power powers pray preston price prince princess pro prudence quinn raf rail rails
    rain ram randy ray read real reed reid rice rich rico ridge ring rings river rivers robin roche rock rod rodeo
    roman rome room rosa rose roy royal ruby rush rusty sa sage sale sales salmon san sandy savannah scarlett sea
    shade shadow sharp shell shepherd short sierra silver simple singleton skip sky small smart snow sole son south
    spain spear spring stack star stark steel stella sterling stone storm story strand street strong stuart sue summer
    summers sun sunny swift sydney tank tanner taylor ted temple texas ties till tim tor tower trace trinity troy true
    turner union urban usher val van vance vara vega venus vera victor victory vienna viola violet virginia vista
    walker wall walls ward warner washington waters weaver webb weber webster weeks wells west wheeler white widen
    wild wilder will winter winters wise wolf wood woods york young zimmer
    """.split()
)

# A name before one of these names a thing: Werner syndrome, Johns Hopkins Hospital, Marie Curie Street.
THINGS = frozenset(
    """
    academy act agency airport antigen army assay avenue award bank bay bill board boulevard bridge building castle
    cathedral cell cells center centre chapter church city clinic coast code college commission company conference
    corporation council county court criteria department disease disorder district drive effect equation factor
    foundation fund gene group hospital house inc index initiative institute island islands journal laboratory lake
    law library limited ltd machine marathon market medal memorial method methods model mountain mutation museum
    palace park party plc police prize program project protein protocol railroad report republic river road scale
    school score series society square state station street study syndrome system team technology test theorem tower
    town treaty trial trust type university valley virus
    """.split()
)

# What is called after whoever described it: behind a surname, these say that it is the illness's and nobody's. Words
# that patients have too ("the Smith family", "the Okonkwo test", "Nguyen's reaction") are not among them.
ILLNESSES = frozenset(
    """
    anomaly carcinoma chorea contracture deformity disease disorder dystrophy fracture granulomatosis lymphoma
    malformation palsies palsy paralysis purpura sarcoma syndrome syndromes thyroiditis tumor tumors tumour tumours
    """.split()
)

# Who has given a name to an illness so often that it means the illness, with a possessive too: Hodgkin's lymphoma.
EPONYMS = frozenset(
    """
    addison albright alexander alport alzheimer angelman asperger barrett bartter becker behcet bell bowen bright
    brugada buerger burkitt canavan charcot chediak chiari coats conn cooley crohn cushing dercum devic down
    duchenne dupuytren ebstein edwards ehlers erb ewing fabry fallot fanconi felty fisher gaucher gilbert
    goodpasture graves guillain hansen hartnup hashimoto hirschsprung hodgkin horner hunter huntington hurler kaposi
    kawasaki kennedy klinefelter korsakoff krabbe landau legg leigh lennox lesch lewy lou lynch marfan meckel
    meniere moyamoya niemann noonan osgood osler paget parkinson patau perthes peyronie pick pompe pott prader
    rasmussen raynaud reiter reye rett riley sandhoff scheuermann schwann sjogren stargardt still sydenham takayasu
    tay tourette turner usher wallenberg wegener wernicke whipple williams wilms wilson
    """.split()
)

# Words of medicine and chemistry end like this, and hardly any name does that no list has.
TECHNICAL = re.compile(
    r"(?:olog(?:y|ies)|ectomy|[io]tomy|stomy|itis|a?emia|noma|[oay]sis|pathy|plasia|mab|tinib|azole|statin|cillin|mycin"
    r"|coccus|virus|scopy|graphy|plasty|trophy|cytes?|particles?|algia|uria|cephaly|myelia|megaly|iasis|ations?|ities"
    r"|therapy|toxin|proteins?|amine|idine|oxacin|sartan|olol|parin|ergic|glyphia|estrol|ormones?|opathia)$",
    re.IGNORECASE,
)

# Words that a sentence starts with, and what stands behind a name in a form: capitalised, and never a surname.
NOT_A_SURNAME = THINGS | frozenset(
    """
    a about after age all also although an analysis and any are area as at because been before being between both but
    by can cancer conclusion did does during each few first from further had has have he her here his how however i if
    in is it its many may medical more most my national new no not of on one or our patient patients results review
    science season second she should since some such that the their then there these they this those times to two
    under was we were what when where which while who whose why will with would year years you your january february
    march april june july august september october november december monday tuesday wednesday thursday friday saturday
    sunday md phd do rn np pa dds dvm esq jr sr ii iii iv mrn dob ssn id phone email address acad neurol surg intern
    oncol risk
    """.split()
)

TITLES = frozenset("dr mr mrs ms miss mx prof professor doctor sir madam nurse rev reverend capt captain sgt".split())
TITLE_BEFORE = re.compile(rf"(?:^|[^\w])(?:{'|'.join(sorted(TITLES))})\.?\s{{1,2}}$", re.IGNORECASE)  # at the end
LABELS = frozenset("patient physician doctor attending surname".split())  # with a colon behind
NAME_PARTS = frozenset("full first last given family middle maiden".split())  # before "name:"
PARTICLES = frozenset("van von der den de del della di da la le du dos bin ibn al el ten ter".split())
PLACE_PREFIXES = frozenset("san santa st saint new fort port mount los las puerto lake".split())
KINSHIP = frozenset(
    "patient client husband wife mother father son daughter brother sister partner uncle aunt friend colleague".split()
)


@dataclass(frozen=True, slots=True)
class Lexicon:
    """First and last names, folded (see `key`); `common` are the ones of the United States."""

    first: frozenset[str]
    last: frozenset[str]
    common: frozenset[str]


def key(word: str) -> str:
    """Return the form under which a name is looked up: no accents, no case."""
    if word.isascii():
        return word.lower()
    plain = unicodedata.normalize("NFKD", word)
    return "".join(c for c in plain if not unicodedata.combining(c)).casefold()


@cache
def lexicon() -> Lexicon:
    """Read Faker's lists once per process."""
    first: set[str] = set()
    last: set[str] = set()
    common: frozenset[str] = frozenset()
    for locale in _LOCALES:
        provider = import_module(f"faker.providers.person.{locale}").Provider
        first |= _listed(provider, "first_names")
        last |= _listed(provider, "last_names")
        common = common or frozenset(first | last)  # en_US comes first
    return Lexicon(frozenset(first), frozenset(last), common)


def _listed(provider: type, prefix: str) -> set[str]:
    names = (
        name for attribute in dir(provider) if attribute.startswith(prefix) for name in getattr(provider, attribute)
    )
    return {key(name) for name in names if len(name) > 1}
