"""Texts full of numbers that are nobody's, to count false findings in."""

from __future__ import annotations

import re

from vecguard.evaluate.pii.labelled import Labelled
from vecguard.evaluate.pii.structured_source import Source

_INNOCENT = (
    "Give {i2} mg of amoxicillin every {i1} hours for {i1} days.",
    "Sodium was {i3} mmol/L, potassium {i1}.{i1}, creatinine {i1}.{i2} mg/dL.",
    "The hazard ratio was {i1}.{i2} (95% CI {i1}.{i2}-{i1}.{i2}; p = 0.0{i2}).",
    "We enrolled {i4} participants at {i2} sites between {y} and {y}.",
    "Smith et al. ({y}) J Biol Chem {i3}: {i4}-{i4}.",
    "doi:10.{i4}/s{i5}-020-{i4}-{i1}",
    "ISBN 978-{i1}-{i2}-{i6}-{i1} was out of print.",
    "PMID: {i8}; PMCID: PMC{i7}",
    "Install version {i1}.{i2}.{i1} or later; {i1}.{i1}.{i1}.{i1} is broken (version {i1}.{i1}.{i1}.{i1}).",
    "The part number is {i3}-{i4}-A and it costs ${i3}.{i2}.",
    "Revenue rose to ${i3},{i3},{i3} in {y}, up {i2}.{i1}% from {y}.",
    "Mutations in BRCA{i1}, TP{i2} and CDKN2A were found in {i3} of {i4} samples.",
    "The enzyme (EC {i1}.{i1}.{i2}.{i1}) has a mass of {i2}.{i1} kDa.",
    "The bridge is {i4} m long, {i2} m wide and was opened in {y}.",
    "GenBank accession NM_{i6}.{i1} maps to chromosome {i2}q{i2}.",
    "Blood pressure {i3}/{i2} mmHg, heart rate {i2}, temperature 3{i1}.{i1}.",
    "Samples were diluted 1:{i3} and centrifuged at {i5} x g for {i2} minutes.",
    "The population was {i2},{i3},{i3} according to the census of {y}.",
    "See section {i1}.{i1}.{i2} and table {i1}, rows {i2} to {i3}.",
    "In {y}, about {i5} people lived there; in {y} it was {i6}.",
    "The match ended {i1}-{i1} after {i3} minutes, before {i5} spectators.",
    "The loan market grew by {i1} percent while the account of {y} was settled.",
    "The case of {y} is discussed on pages {i3}-{i3}, and the claim in chapter {i2}.",
    "Patients received {i2} units of insulin; the device was used for {i3} days.",
    "The serial dilution used {i1} steps of {i2} \u00b5l on a {i2}-well plate.",
    "RNA-seq gave {i2} million reads; {i5} genes passed (FDR < 0.0{i1}).",
    "The password must have at least {i2} characters and the token count is {i3}.",
    "Members of the group met {i2} times; the policy of {y} changed little.",
    "The model has {i3} million parameters, {i2} layers and a batch size of {i3}.",
    "Flight BA{i3} takes {i1} hours {i2} minutes and covers {i4} km.",
    "The plan covers {i2} of {i3} districts, with a budget of {i2}.{i1} billion.",
    "Catalog no. {i5} (Sigma), lot {i4}, was stored at -{i2} C.",
    "Of the {i3} passports issued daily, {i2} were lost in {y}.",
    "NHS spending was {i3} billion in {y}; it employs {i1}.{i1} million people.",
    "The record of {y} stood for {i2} years.",
    "Rated {i1}.{i1}/5 by {i4} customers since {y}.",
    "Set the timeout to {i4} ms and the port to {i4}.",
    "grep -n {i4} log.txt | head -{i2}",
    "arXiv:{y4}.{i5} introduces a dataset of {i6} images.",
    "The trial is registered (NCT{i8}) and ran for {i2} weeks.",
)


def negatives(n: int, seed: int) -> list[Labelled]:
    """Return `n` texts full of numbers that are nobody's: doses, statistics, citations, versions, money, years."""
    source = Source.of(seed)
    return [Labelled(_innocent(source, template), (), template) for template in source.random.choices(_INNOCENT, k=n)]


def _innocent(source: Source, template: str) -> str:
    def number(match: re.Match[str]) -> str:
        if match[1] == "y":
            return source.fill("2%0%") if match[2] else str(source.random.randint(1850, 2025))
        return source.fill("%" + "#" * (int(match[2]) - 1))

    return re.sub(r"\{([iy])(\d?)\}", number, template)
