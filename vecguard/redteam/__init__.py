"""Attacks on what lies on a shelf. An attack counts only where it is shown to be strong on undefended vectors first."""
