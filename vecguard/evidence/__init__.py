"""Evidence: whether the audit log is whole, what it says, and what an auditor asks an organisation to show.

anchors   where chains ended, as somebody outside has kept it     chains    what a chain is, and whether it holds
log       the log as the state keeps it                           export    the log as a file, to be verified elsewhere
affected  whose records somebody saw                              report    the evidence as data; page, as HTML
"""
